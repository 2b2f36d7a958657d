#include "collector/store/event_rows.h"

#include <string.h>

#include "collector/store/alert_union.h"
#include "collector/store/sql.h"
#include "collector/store/writer.h"

#define IDS_MAX (4u << 20)

struct id_row {
	uint8_t id[EVENT_ID_SIZE];
};
static const struct column id_columns[] = { COLUMN(id_row, id, UUID) };
static const struct row_shape id_shape = ROW_SHAPE(id_row, id_columns);

static void begin_insert(struct event_rows *rows)
{
	struct params *params = &rows->insert;

	params_init(params, &sql_statements[SQL_EVENT_INSERT]);
	params_int(params, 0, rows->tenant);
	params_time(params, 3, rows->received_ns);
	params_int(params, 6, rows->origin_id);
	params_uuid(params, 7, rows->batch->stream_id);
}

static void add_insert(struct event_rows *rows, size_t index, const struct derived *derived)
{
	const struct event *event = &rows->batch->events[index];
	struct params *params = &rows->insert;

	params_uuid(params, 1, rows->ids[index]);
	params_time(params, 2, event->time_ns);
	params_int(params, 4, event->kind);
	params_text(params, 5, event->type ? event->type : "");
	params_id(params, 8, derived->task_id);
	params_id(params, 9, derived->actor_id);
	params_bytes(params, 10, event->encoded, event->encoded_size);
}

static int derive_all(struct event_rows *rows, struct store *store, struct derived_rows *derived, struct err *err)
{
	const struct batch *batch = rows->batch;

	for (size_t i = 0; i < batch->event_count; i++) {
		struct derive_input input = { .origin = &batch->origin,
					      .stream = rows->stream,
					      .event = &batch->events[i] };

		write_event_id(batch, &batch->events[i], rows->ids[i]);
		memcpy(input.event_id, rows->ids[i], EVENT_ID_SIZE);
		if (derived_rows_add(derived, &input, err) < 0)
			return err_wrap(err, "event %zu", i);
		add_insert(rows, i, derived->derived);
		if (derived_rows_is_full(derived) && derived_rows_write(derived, store, err) < 0)
			return err->code;
	}
	return 0;
}

static bool is_among(const struct id_row *sorted, size_t count, const uint8_t id[EVENT_ID_SIZE])
{
	for (size_t low = 0, high = count; low < high;) {
		size_t middle = low + (high - low) / 2;
		int order = memcmp(sorted[middle].id, id, EVENT_ID_SIZE);

		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, EVENT_ID_SIZE);
}

/* An event that was there already may come with alerts that the stored one does not have: another reader, other rules. */
static int unite_alerts(struct event_rows *rows, struct store *store, struct id_row *stored, size_t stored_count,
			struct err *err)
{
	const struct batch *batch = rows->batch;

	qsort(stored, stored_count, sizeof(*stored), compare_ids);
	for (size_t i = 0; i < batch->event_count; i++) {
		if (!batch->events[i].alert_count || is_among(stored, stored_count, rows->ids[i]))
			continue;
		if (alert_union_store(store, rows->tenant, rows->ids[i], &batch->events[i], err) < 0)
			return err_wrap(err, "event %zu", i);
	}
	return 0;
}

static int insert_events(struct event_rows *rows, struct store *store, size_t *ret_stored, struct err *err)
{
	struct id_row *stored;
	AUTO_ARENA arena;

	arena_init(&arena, IDS_MAX);
	if (store_read(store, &rows->insert, &id_shape, &arena, &stored, ret_stored, err) < 0)
		return err->code;
	if (*ret_stored == rows->batch->event_count)
		return 0;
	return unite_alerts(rows, store, stored, *ret_stored, err);
}

int event_rows_write(struct event_rows *rows, struct store *store, struct derived_rows *derived, size_t *ret_stored,
		     struct err *err)
{
	int code;

	*ret_stored = 0;
	if (!rows->batch->event_count)
		return 0;
	begin_insert(rows);
	code = derive_all(rows, store, derived, err);
	if (code == 0)
		code = insert_events(rows, store, ret_stored, err);
	params_fini(&rows->insert);
	return code < 0 ? code : derived_rows_write(derived, store, err);
}
