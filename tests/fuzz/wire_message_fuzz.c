/* Any bytes as a message behind a right header, so that the checksum does not hide the decoder: a batch of each lane, a reply; and as one event. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
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

static void frame_around(const uint8_t *data, size_t size, enum frame_kind kind, struct strbuf *out)
{
	uint32_t checksum = crc32c(data, size) ^ (uint32_t)kind;
	const char header[FRAME_HEADER_SIZE] = { 1,
						 0,
						 (char)kind,
						 0,
						 (char)checksum,
						 (char)(checksum >> 8),
						 (char)(checksum >> 16),
						 (char)(checksum >> 24) };

	strbuf_clear(out);
	strbuf_add(out, header, sizeof(header));
	strbuf_add(out, data, size);
}

/* Of either lane; what was decoded is of the lane that the frame says. */
static void as_batch(const uint8_t *data, size_t size, enum frame_kind kind, struct arena *arena)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct batch batch;

	frame_around(data, size, kind, &frame);
	if (wire_batch_decode(frame.data, frame.length, arena, &batch, NULL) < 0)
		return;
	if (batch.lane != (kind == FRAME_ALERT ? LANE_ALERT : LANE_BULK))
		abort();
	for (size_t i = 0; i < batch.event_count; i++)
		check_event(&batch.events[i], arena);
}

static void as_reply(const uint8_t *data, size_t size, struct arena *arena)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	AUTO_STRBUF back = STRBUF_INIT;
	struct reply reply, again;

	frame_around(data, size, FRAME_BULK, &frame);
	if (wire_reply_decode(frame.data, frame.length, arena, &reply, NULL) < 0)
		return;
	if (wire_reply_encode(&reply, &back, NULL) < 0 ||
	    wire_reply_decode(back.data, back.length, arena, &again, NULL) < 0 || again.kind != reply.kind ||
	    again.batch_no != reply.batch_no)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA arena = { .max = 4 * WIRE_ARENA_MAX };
	struct event event;

	as_batch(data, size, FRAME_BULK, &arena);
	as_batch(data, size, FRAME_ALERT, &arena);
	as_reply(data, size, &arena);
	if (wire_event_decode(data, size, &arena, &event, NULL) == 0)
		check_event(&event, &arena);
	return 0;
}
