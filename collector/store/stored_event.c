#include "collector/store/stored_event.h"

#include <string.h>

#include "base/bytes.h"
#include "wire/wire.h"

static const struct column columns[] = {
	COLUMN(stored_event, event_id, UUID),	 COLUMN(stored_event, ts, TIME),
	COLUMN(stored_event, received_at, TIME), COLUMN(stored_event, kind, ENUM),
	COLUMN(stored_event, type, TEXT),	 COLUMN(stored_event, task_id, INT),
	COLUMN(stored_event, actor_id, INT),	 COLUMN(stored_event, stream_id, UUID),
	COLUMN(stored_event, raw, BYTES),	 COLUMN(stored_event, origin, BYTES),
};
const struct row_shape stored_event_shape = ROW_SHAPE(stored_event, columns);

static int decode_sent(const struct stored_event *stored, struct arena *arena, struct event_row *ret, struct err *err)
{
	char *stream = arena_alloc(arena, 2 * STREAM_ID_SIZE + 1);

	if (!stream)
		return err_set(err, ERR_MEMORY, "out of memory");
	ret->stream = hex_format(stored->stream_id, STREAM_ID_SIZE, stream);
	if (wire_event_decode(stored->raw.data, stored->raw.length, arena, &ret->event, err) < 0)
		return err_wrap(err, "stored event");
	if (wire_origin_decode(stored->origin.data, stored->origin.length, arena, &ret->origin, err) < 0)
		return err_wrap(err, "origin of a stored event");
	return 0;
}

int stored_event_decode(const struct stored_event *stored, struct arena *arena, struct event_row *ret,
			struct err *err)
{
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->event_id, stored->event_id, EVENT_ID_SIZE);
	ret->kind = stored->kind;
	ret->type = stored->type;
	ret->task_id = stored->task_id;
	ret->actor_id = stored->actor_id;
	ret->received_ns = stored->received_at;
	if (stored->kind != EVENT_SCAN)
		return decode_sent(stored, arena, ret, err);
	ret->event = (struct event){ .kind = EVENT_SCAN, .type = stored->type, .time_ns = stored->ts };
	ret->scan_json = (const char *)stored->raw.data;
	ret->scan_json_length = stored->raw.length;
	return 0;
}
