#include "collector/store/rebuild.h"

#include <string.h>

#include "collector/store/derived_rows.h"
#include "collector/store/sql.h"
#include "collector/store/stored_event.h"

#define CHUNK_MEMORY_MAX (512u << 20)

struct lock_row {
	bool is_locked;
};
static const struct column lock_columns[] = { COLUMN(lock_row, is_locked, BOOL) };
static const struct row_shape lock_shape = ROW_SHAPE(lock_row, lock_columns);

struct rebuild {
	struct store *store;
	int64_t tenant;
	struct derived_rows derived;
	struct params ids;		 /* of REBUILD_EVENT_IDS */
	uint8_t after_id[EVENT_ID_SIZE]; /* last event done */
	int64_t after_ts;
	uint64_t events;
};

static int lock(const struct rebuild *rebuild, struct arena *arena, struct err *err)
{
	struct lock_row *row;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_REBUILD_LOCK]);
	params_int(&params, 0, rebuild->tenant);
	if (store_read(rebuild->store, &params, &lock_shape, arena, &row, &count, err) < 0)
		return err->code;
	if (!row->is_locked)
		return err_set(err, ERR_AGAIN, "another rebuild runs already");
	return 0;
}

static int derive_stored(struct rebuild *rebuild, const struct stored_event *stored, struct arena *arena,
			 struct err *err)
{
	struct derive_input input = { 0 };
	struct event_row row;

	if (stored_event_decode(stored, arena, &row, err) < 0)
		return err->code;
	memcpy(input.event_id, row.event_id, EVENT_ID_SIZE);
	input.origin = row.kind == EVENT_SCAN ? NULL : &row.origin;
	input.stream = row.stream;
	input.event = &row.event;
	input.scan_json = row.scan_json;
	input.scan_json_length = row.scan_json_length;
	if (derived_rows_add(&rebuild->derived, &input, err) < 0)
		return err->code;
	params_uuid(&rebuild->ids, 1, stored->event_id);
	params_time(&rebuild->ids, 2, stored->ts);
	params_id(&rebuild->ids, 3, rebuild->derived.derived->task_id);
	params_id(&rebuild->ids, 4, rebuild->derived.derived->actor_id);
	if (derived_rows_is_full(&rebuild->derived))
		return derived_rows_write(&rebuild->derived, rebuild->store, err);
	return 0;
}

/* Returns how many events were done. */
static int do_chunk(struct rebuild *rebuild, struct arena *arena, struct err *err)
{
	struct stored_event *stored;
	AUTO_PARAMS params;
	size_t count;
	int code = 0;

	params_init(&params, &sql_statements[SQL_REBUILD_EVENTS]);
	params_int(&params, 0, rebuild->tenant);
	params_uuid(&params, 1, rebuild->after_id);
	params_time(&params, 2, rebuild->after_ts);
	params_int(&params, 3, REBUILD_CHUNK);
	if (stored_events_read(rebuild->store, rebuild->tenant, &params, arena, &stored, &count, err) < 0)
		return err->code;
	params_init(&rebuild->ids, &sql_statements[SQL_REBUILD_EVENT_IDS]);
	params_int(&rebuild->ids, 0, rebuild->tenant);
	for (size_t i = 0; i < count && code == 0; i++)
		code = derive_stored(rebuild, &stored[i], arena, err);
	if (code == 0 && count)
		code = store_run(rebuild->store, &rebuild->ids, NULL, err);
	params_fini(&rebuild->ids);
	if (code < 0 || count == 0)
		return code;
	memcpy(rebuild->after_id, stored[count - 1].event_id, EVENT_ID_SIZE);
	rebuild->after_ts = stored[count - 1].ts;
	rebuild->events += count;
	return (int)count;
}

static int rebuild_all(struct rebuild *rebuild, struct err *err)
{
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, CHUNK_MEMORY_MAX);
	if (lock(rebuild, &arena, err) < 0 || derived_rows_clear(rebuild->tenant, rebuild->store, err) < 0)
		return err->code;
	do {
		arena_reset(&arena);
		code = do_chunk(rebuild, &arena, err);
	} while (code > 0);
	return code < 0 ? code : derived_rows_write(&rebuild->derived, rebuild->store, err);
}

int rebuild(struct store *store, int64_t tenant, uint64_t *ret_events, uint64_t *ret_underived, struct err *err)
{
	struct rebuild state = { .store = store, .tenant = tenant, .after_ts = INT64_MIN / 2 };
	int code = derived_rows_init(&state.derived, tenant, err);

	if (code == 0)
		code = store_begin(store, err);
	if (code == 0)
		code = rebuild_all(&state, err);
	if (code == 0)
		code = store_commit(store, err);
	store_rollback(store);
	*ret_events = state.events;
	*ret_underived = state.derived.underived;
	derived_rows_fini(&state.derived);
	return code < 0 ? err_wrap(err, "could not rebuild; nothing was changed") : 0;
}
