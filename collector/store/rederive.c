#include "collector/store/rederive.h"

#include <string.h>

#include "collector/store/derived_rows.h"
#include "collector/store/rebuild.h"
#include "collector/store/source.h"
#include "collector/store/sql.h"
#include "collector/store/stored_event.h"

#define CHUNK_MEMORY_MAX (512u << 20)

struct run {
	struct store *store;
	int64_t tenant;
	const struct rederive_span *span; /* or NULL */
	struct derived_rows derived;
	struct params ids;		 /* of REBUILD_EVENT_IDS */
	uint8_t after_id[EVENT_ID_SIZE]; /* last event done */
	int64_t after_ts;
	uint64_t events;
};

static int derive_stored(struct run *run, const struct stored_event *stored, struct arena *arena, struct err *err)
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
	if (derived_rows_add(&run->derived, &input, err) < 0)
		return err->code;
	params_uuid(&run->ids, 1, stored->event_id);
	params_time(&run->ids, 2, stored->ts);
	params_id(&run->ids, 3, run->derived.derived->task_id);
	params_id(&run->ids, 4, run->derived.derived->actor_id);
	if (derived_rows_is_full(&run->derived))
		return derived_rows_write(&run->derived, run->store, err);
	return 0;
}

static void ask_chunk(const struct run *run, struct params *params)
{
	const struct rederive_span *span = run->span;

	params_init(params, &sql_statements[span ? SQL_RESTORE_EVENTS : SQL_REBUILD_EVENTS]);
	params_int(params, 0, run->tenant);
	params_uuid(params, 1, run->after_id);
	params_time(params, 2, run->after_ts);
	params_int(params, 3, REBUILD_CHUNK);
	if (!span)
		return;
	params_time(params, 4, span->from_ns);
	params_time(params, 5, span->until_ns);
	source_add_kinds(span->source, params, 6);
}

/* Returns how many events were done. */
static int do_chunk(struct run *run, struct arena *arena, struct err *err)
{
	struct stored_event *stored;
	AUTO_PARAMS params;
	size_t count;
	int code = 0;

	ask_chunk(run, &params);
	if (stored_events_read(run->store, run->tenant, &params, arena, &stored, &count, err) < 0)
		return err->code;
	params_init(&run->ids, &sql_statements[SQL_REBUILD_EVENT_IDS]);
	params_int(&run->ids, 0, run->tenant);
	for (size_t i = 0; i < count && code == 0; i++)
		code = derive_stored(run, &stored[i], arena, err);
	if (code == 0 && count)
		code = store_run(run->store, &run->ids, NULL, err);
	params_fini(&run->ids);
	if (code < 0 || count == 0)
		return code;
	memcpy(run->after_id, stored[count - 1].event_id, EVENT_ID_SIZE);
	run->after_ts = stored[count - 1].ts;
	run->events += count;
	return (int)count;
}

int rederive(struct store *store, int64_t tenant, const struct rederive_span *span, struct rederived *ret,
	     struct err *err)
{
	struct run run = { .store = store, .tenant = tenant, .span = span, .after_ts = INT64_MIN / 2 };
	int code = derived_rows_init(&run.derived, tenant, err);
	AUTO_ARENA arena;

	arena_init(&arena, CHUNK_MEMORY_MAX);
	code = code == 0 ? 1 : code;
	while (code > 0) {
		arena_reset(&arena);
		code = do_chunk(&run, &arena, err);
	}
	if (code == 0)
		code = derived_rows_write(&run.derived, store, err);
	*ret = (struct rederived){ run.events, run.derived.underived };
	derived_rows_fini(&run.derived);
	return code;
}
