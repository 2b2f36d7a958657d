/* Any bytes as a frame: refused with an error, or a batch whose events encode to what they came from. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA arena = { .max = WIRE_ARENA_MAX };
	struct batch batch;
	struct reply reply;
	struct err err;

	if (wire_batch_decode(data, size, &arena, &batch, &err) == 0) {
		AUTO_STRBUF bytes = STRBUF_INIT;

		for (size_t i = 0; i < batch.event_count; i++) {
			strbuf_clear(&bytes);
			if (wire_event_encode(&batch.events[i], &bytes, &err) < 0 ||
			    bytes.length != batch.events[i].encoded_size)
				abort();
		}
	} else if (!err.message[0]) {
		abort();
	}
	wire_batch_identify(data, size, &arena, &batch, &err);
	wire_reply_decode(data, size, &arena, &reply, &err);
	return 0;
}
