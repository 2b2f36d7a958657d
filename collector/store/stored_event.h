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
	struct store_bytes raw;
	int64_t origin_id;	   /* 0 for scans */
	struct store_bytes origin; /* empty for scans */
};

/*
 * Runs EVENTS or REBUILD_EVENTS. Many events share an origin: origins are read afterwards, each once, not joined to every
 * row. Errors: as store_read().
 */
int stored_events_read(struct store *store, int64_t tenant, const struct params *params, struct arena *arena,
		       struct stored_event **ret, size_t *ret_count, struct err *err);

/* What it returns borrows from the row and the arena. Errors: ERR_SYNTAX when raw cannot be decoded. */
int stored_event_decode(const struct stored_event *stored, struct arena *arena, struct event_row *ret,
			struct err *err);
