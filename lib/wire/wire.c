#include "wire/wire.h"

#include <string.h>

#include "wire/convert.h"
#include "wire/frame.h"
#include "wire/scan.h"

/* Tag of Batch.events: field 8, a length and its bytes. Fields come in any order, so a list can be put behind the rest. */
#define EVENTS_TAG     (8 << 3 | WIRE_BYTES)
#define VARINT_U32_MAX 5

#define FIELD_STREAM_ID 2
#define FIELD_EPOCH	3
#define FIELD_BATCH_NO	4

enum frame_kind wire_frame_kind(const void *frame, size_t length)
{
	const uint8_t *bytes = frame;

	return length >= FRAME_HEADER_SIZE ? (enum frame_kind)bytes[2] : FRAME_BULK;
}

int wire_event_encode(const struct event *event, struct strbuf *out, struct err *err)
{
	if (!event->encoded)
		return event_pack(event, out, err);
	strbuf_add(out, event->encoded, event->encoded_size);
	return out->failed ? err_set(err, ERR_MEMORY, "no memory for an event of %zu bytes", event->encoded_size) : 0;
}

int wire_events_add(struct strbuf *events, const struct event *event, struct err *err)
{
	AUTO_STRBUF message = STRBUF_INIT;
	uint8_t head[1 + VARINT_U32_MAX] = { EVENTS_TAG };
	size_t used = 1;
	int code = wire_event_encode(event, &message, err);

	if (code < 0)
		return code;
	if (message.length > EVENT_SIZE_MAX)
		return err_set(err, ERR_LIMIT, "event of %zu bytes is over the limit of %u", message.length,
			       EVENT_SIZE_MAX);
	for (size_t rest = message.length;; rest >>= 7) {
		head[used++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
		if (rest <= 0x7f)
			break;
	}
	if (!strbuf_reserve(events, used + message.length))
		return err_set(err, ERR_MEMORY, "no memory for an event of %zu bytes", message.length);
	strbuf_add(events, head, used);
	strbuf_add(events, message.data, message.length);
	return 0;
}

int wire_events_seal(const struct batch *batch, const struct strbuf *events, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF message = STRBUF_INIT;
	int code;

	if (batch->event_count > BATCH_EVENTS_MAX)
		return err_set(err, ERR_LIMIT, "batch of %zu events is over the limit of %d", batch->event_count,
			       BATCH_EVENTS_MAX);
	code = batch_head_pack(batch, &message, err);
	if (code < 0)
		return code;
	strbuf_add(&message, events->data, events->length);
	if (message.failed)
		return err_set(err, ERR_MEMORY, "no memory for a batch of %zu bytes", events->length);
	return frame_seal(batch->lane == LANE_ALERT ? FRAME_ALERT : FRAME_BULK, message.data, message.length, out,
			  err);
}

int wire_batch_encode(const struct batch *batch, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF events = STRBUF_INIT;

	for (size_t i = 0; i < batch->event_count; i++) {
		int code = wire_events_add(&events, &batch->events[i], err);

		if (code < 0)
			return err_wrap(err, "event %zu", i);
	}
	return wire_events_seal(batch, &events, out, err);
}

int wire_batch_decode(const void *frame, size_t length, struct arena *arena, struct batch *ret, struct err *err)
{
	struct message message;
	int code = frame_open(frame, length, true, arena, &message, err);

	if (code < 0)
		return code;
	code = batch_unpack(&message, arena, ret, err);
	if (code < 0)
		return err_wrap(err, "frame of %zu bytes", length);
	ret->lane = wire_frame_kind(frame, length) == FRAME_ALERT ? LANE_ALERT : LANE_BULK;
	return 0;
}

int wire_frame_check(const void *frame, size_t length, struct err *err)
{
	return frame_check(frame, length, true, err);
}

int wire_batch_identify(const void *frame, size_t length, struct arena *arena, struct batch *ret, struct err *err)
{
	struct scan_field field;
	struct message message;
	struct scan scan;
	bool named = false;
	int code = frame_open(frame, length, false, arena, &message, err);

	if (code < 0)
		return code;
	*ret = (struct batch){ 0 };
	scan = (struct scan){ .data = message.data, .size = message.size };
	while (scan_next(&scan, &field) > 0) {
		if (field.number == FIELD_STREAM_ID && field.type == WIRE_BYTES && field.size == STREAM_ID_SIZE) {
			memcpy(ret->stream_id, field.data, STREAM_ID_SIZE);
			named = true;
		} else if (field.number == FIELD_EPOCH && field.type == WIRE_VARINT) {
			ret->epoch = field.value;
		} else if (field.number == FIELD_BATCH_NO && field.type == WIRE_VARINT) {
			ret->batch_no = field.value;
		}
	}
	if (named && ret->epoch && ret->batch_no)
		return 0;
	return err_set(err, ERR_SYNTAX, "frame of %zu bytes does not say which batch it is", length);
}

int wire_reply_encode(const struct reply *reply, struct strbuf *out, struct err *err)
{
	AUTO_STRBUF message = STRBUF_INIT;
	int code = reply_pack(reply, &message, err);

	return code < 0 ? code : frame_seal(FRAME_BULK, message.data, message.length, out, err);
}

int wire_reply_decode(const void *frame, size_t length, struct arena *arena, struct reply *ret, struct err *err)
{
	struct message message;
	int code = frame_open(frame, length, true, arena, &message, err);

	if (code < 0)
		return code;
	code = reply_unpack(&message, arena, ret, err);
	return code < 0 ? err_wrap(err, "frame of %zu bytes", length) : 0;
}

/* Into the arena first: a decoded event keeps its bytes as long as its fields. */
static int keep(const void *data, size_t length, struct arena *arena, struct message *ret, struct err *err)
{
	const char *copy;

	if (length > MESSAGE_MAX)
		return err_set(err, ERR_LIMIT, "message of %zu bytes is over the limit of %u", length, MESSAGE_MAX);
	copy = arena_copy(arena, data, length);
	if (!copy)
		return err_set(err, ERR_LIMIT, "no room for a message of %zu bytes", length);
	*ret = (struct message){ (const uint8_t *)copy, length };
	return 0;
}

int wire_event_decode(const void *data, size_t length, struct arena *arena, struct event *ret, struct err *err)
{
	struct message message;
	int code = keep(data, length, arena, &message, err);

	return code < 0 ? code : event_unpack(&message, arena, ret, err);
}

int wire_origin_encode(const struct origin *origin, struct strbuf *out, struct err *err)
{
	return origin_pack(origin, out, err);
}

int wire_origin_decode(const void *data, size_t length, struct arena *arena, struct origin *ret, struct err *err)
{
	struct message message;
	int code = keep(data, length, arena, &message, err);

	return code < 0 ? code : origin_unpack(&message, arena, ret, err);
}
