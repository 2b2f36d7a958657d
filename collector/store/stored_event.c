#include "collector/store/stored_event.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "collector/store/sql.h"
#include "wire/wire.h"

static const struct column columns[] = {
	COLUMN(stored_event, event_id, UUID),	 COLUMN(stored_event, ts, TIME),
	COLUMN(stored_event, received_at, TIME), COLUMN(stored_event, kind, ENUM),
	COLUMN(stored_event, type, TEXT),	 COLUMN(stored_event, task_id, INT),
	COLUMN(stored_event, actor_id, INT),	 COLUMN(stored_event, stream_id, UUID),
	COLUMN(stored_event, raw, BYTES),	 COLUMN(stored_event, origin_id, INT),
};
static const struct row_shape shape = ROW_SHAPE(stored_event, columns);

struct origin_row {
	int64_t id;
	struct store_bytes raw;
};
static const struct column origin_columns[] = { COLUMN(origin_row, id, INT), COLUMN(origin_row, raw, BYTES) };
static const struct row_shape origin_shape = ROW_SHAPE(origin_row, origin_columns);

static int compare_ids(const void *left, const void *right)
{
	const int64_t *a = left, *b = right;

	return *a < *b ? -1 : *a > *b;
}

/* Sorted, each once; returns how many. */
static size_t collect_ids(const struct stored_event *rows, size_t count, int64_t *out)
{
	size_t all = 0, distinct = 0;

	for (size_t i = 0; i < count; i++) {
		/* Neighbours mostly have the same one. */
		if (rows[i].origin_id && (!all || out[all - 1] != rows[i].origin_id))
			out[all++] = rows[i].origin_id;
	}
	qsort(out, all, sizeof(*out), compare_ids);
	for (size_t i = 0; i < all; i++) {
		if (!i || out[i] != out[i - 1])
			out[distinct++] = out[i];
	}
	return distinct;
}

static const struct origin_row *find_origin(const struct origin_row *rows, size_t count, int64_t id)
{
	/* The id is the first member. */
	return count ? bsearch(&id, rows, count, sizeof(*rows), compare_ids) : NULL;
}

static int read_origins(struct store *store, int64_t tenant, struct arena *arena, struct stored_event *rows,
			size_t count, struct err *err)
{
	int64_t *ids = arena_array(arena, int64_t, count + 1);
	size_t id_count, origin_count = 0;
	struct origin_row *origins = NULL;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ORIGINS]);
	if (!ids)
		return err_set(err, ERR_MEMORY, "no room for the origins of %zu events", count);
	id_count = collect_ids(rows, count, ids);
	params_int(&params, 0, tenant);
	for (size_t i = 0; i < id_count; i++)
		params_int(&params, 1, ids[i]);
	if (id_count && store_read(store, &params, &origin_shape, arena, &origins, &origin_count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		const struct origin_row *origin = find_origin(origins, origin_count, rows[i].origin_id);

		if (origin)
			rows[i].origin = origin->raw;
	}
	return 0;
}

int stored_events_read(struct store *store, int64_t tenant, const struct params *params, struct arena *arena,
		       struct stored_event **ret, size_t *ret_count, struct err *err)
{
	if (store_read(store, params, &shape, arena, ret, ret_count, err) < 0)
		return err->code;
	return read_origins(store, tenant, arena, *ret, *ret_count, err);
}

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
