/*
 * stored_event.h: a row of table event, and how it becomes an event again.
 */
#pragma once

#include "collector/store/query.h"
#include "store/store.h"

struct stored_event {
	uint8_t event_id[EVENT_ID_SIZE];
	int64_t ts, received_at;
	enum event_kind kind;
	const char *type;
	int64_t task_id, actor_id;
	uint8_t stream_id[STREAM_ID_SIZE];
	struct store_bytes raw, origin; /* origin is empty for scans */
};

extern const struct row_shape stored_event_shape; /* of the statements EVENTS and REBUILD_EVENTS */

/* What it returns borrows from the row and the arena. Errors: ERR_SYNTAX when raw cannot be decoded. */
int stored_event_decode(const struct stored_event *stored, struct arena *arena, struct event_row *ret,
			struct err *err);
