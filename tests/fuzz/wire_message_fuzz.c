/* Any bytes as a message behind a right header, so that the checksum does not hide the decoder; and as one event. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was decoded must encode from its fields alone, and decode again to the same fields. */
static void check_event(const struct event *event, struct arena *arena)
{
	AUTO_STRBUF once = STRBUF_INIT;
	AUTO_STRBUF twice = STRBUF_INIT;
	struct event plain = *event, back;
	struct err err;

	plain.encoded = NULL;
	if (wire_event_encode(&plain, &once, &err) < 0 ||
	    wire_event_decode(once.data, once.length, arena, &back, &err) < 0)
		abort();
	back.encoded = NULL;
	if (wire_event_encode(&back, &twice, &err) < 0 || twice.length != once.length ||
	    memcmp(once.data, twice.data, once.length))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA arena = { .max = 2 * WIRE_ARENA_MAX };
	AUTO_STRBUF frame = STRBUF_INIT;
	uint32_t checksum = crc32c(data, size);
	uint8_t header[FRAME_HEADER_SIZE] = { 1,
					      0,
					      0,
					      0,
					      (uint8_t)checksum,
					      (uint8_t)(checksum >> 8),
					      (uint8_t)(checksum >> 16),
					      (uint8_t)(checksum >> 24) };
	struct batch batch;
	struct event event;
	struct err err;

	strbuf_add(&frame, header, sizeof(header));
	strbuf_add(&frame, data, size);
	if (wire_batch_decode(frame.data, frame.length, &arena, &batch, &err) == 0) {
		for (size_t i = 0; i < batch.event_count; i++)
			check_event(&batch.events[i], &arena);
	}
	if (wire_event_decode(data, size, &arena, &event, &err) == 0)
		check_event(&event, &arena);
	return 0;
}
