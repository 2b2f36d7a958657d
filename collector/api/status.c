#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "collector/api/counts.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/api/tables.h"
#include "collector/correlate/gaps.h"
#include "collector/store/pool.h"
#include "collector/store/query.h"
#include "collector/store/sql.h"
#include "json/json.h"

#define STREAMS_MAX	200
#define GAP_STREAMS_MAX 64
#define GAP_WINDOW_NS	(7 * INT64_C(86400) * NS_PER_S)

struct step_row {
	const char *step;
};
static const struct column step_columns[] = { COLUMN(step_row, step, TEXT) };
static const struct row_shape step_shape = ROW_SHAPE(step_row, step_columns);

struct stream_row {
	uint8_t id[STREAM_ID_SIZE];
	int mode;
	const char *agent, *version, *hostname;
	int64_t first_seen, last_seen, epoch, batches, events, dropped, clock_offset_us;
};
static const struct column stream_columns[] = {
	COLUMN(stream_row, id, UUID),	     COLUMN(stream_row, mode, ENUM),
	COLUMN(stream_row, agent, TEXT),     COLUMN(stream_row, version, TEXT),
	COLUMN(stream_row, hostname, TEXT),  COLUMN(stream_row, first_seen, TIME),
	COLUMN(stream_row, last_seen, TIME), COLUMN(stream_row, epoch, INT),
	COLUMN(stream_row, batches, INT),    COLUMN(stream_row, events, INT),
	COLUMN(stream_row, dropped, INT),    COLUMN(stream_row, clock_offset_us, INT),
};
static const struct row_shape stream_shape = ROW_SHAPE(stream_row, stream_columns);

static const char *mode_name(int mode)
{
	switch (mode) {
#define X(id, number, name)                                                                                          \
	case ORIGIN_##id:                                                                                            \
		return name;
		ORIGIN_MODES(X)
#undef X
	}
	return "unrecognized";
}

static int add_schema(struct store *store, const struct request *request, json_t *json, struct err *err)
{
	AUTO_PARAMS params;
	struct step_row *rows;
	size_t count;

	params_init(&params, &sql_statements[SQL_SCHEMA_NEWEST]);
	if (store_read(store, &params, &step_shape, request->arena, &rows, &count, err) < 0)
		return err->code;
	json_object_set_new(json, "database",
			    json_pack("{s:s, s:b, s:s}", "kind", request->context->database, "connected", 1, "schema",
				      count && rows->step ? rows->step : ""));
	return 0;
}

static int add_days(struct store *store, const struct request *request, json_t *json, struct err *err)
{
	const struct table_size *event;
	struct table_size *tables;
	size_t count;

	if (tables_read(store, request->arena, &tables, &count, err) < 0)
		return err->code;
	event = tables_event(tables, count);
	if (event)
		json_object_set_new(json, "days",
				    json_pack("{s:I, s:I, s:I}", "partitions", (json_int_t)event->days, "ahead",
					      (json_int_t)event->ahead, "events_without",
					      (json_int_t)event->in_default));
	return 0;
}

static int add_counts(struct store *store, const struct request *request, json_t *json, struct err *err)
{
	json_t *counts;

	if (counts_read(store, request->arena, &counts, err) < 0)
		return err->code;
	json_object_set_new(json, "counts", counts);
	return 0;
}

static json_t *stream_json(const struct stream_row *row)
{
	json_t *json = json_object();
	char id[2 * STREAM_ID_SIZE + 1];

	json_set_text(json, "stream", hex_format(row->id, sizeof(row->id), id));
	json_set_text(json, "mode", mode_name(row->mode));
	json_set_text(json, "agent", row->agent);
	json_set_text(json, "version", row->version);
	json_set_text(json, "hostname", row->hostname);
	json_set_time(json, "first_seen", row->first_seen);
	json_set_time(json, "last_seen", row->last_seen);
	json_object_set_new(json, "epoch", json_integer(row->epoch));
	json_object_set_new(json, "batches", json_integer(row->batches));
	json_object_set_new(json, "events", json_integer(row->events));
	json_object_set_new(json, "lost", json_integer(row->dropped));
	if (row->clock_offset_us) /* 0: its sender does not know */
		json_object_set_new(json, "clock_offset_ms", json_integer(row->clock_offset_us / 1000));
	return json;
}

/* Of the last days, and of the streams that were heard last. */
static int add_gaps(struct store *store, const struct request *request, const struct stream_row *rows, size_t count,
		    json_t *json, struct err *err)
{
	int64_t now = time_now_ns();
	uint8_t(*ids)[STREAM_ID_SIZE] = arena_alloc(request->arena, (count + 1) * STREAM_ID_SIZE);
	struct gaps_question question = { .store = store,
					  .tenant = TENANT_LOCAL,
					  .arena = request->arena,
					  .losses = { .streams = (const uint8_t(*)[STREAM_ID_SIZE])ids,
						      .stream_count =
							      count < GAP_STREAMS_MAX ? count : GAP_STREAMS_MAX,
						      .since_ns = now - GAP_WINDOW_NS,
						      .until_ns = now } };
	json_t *gaps;

	if (!ids)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < question.losses.stream_count; i++)
		memcpy(ids[i], rows[i].id, STREAM_ID_SIZE);
	if (gaps_list(&question, &gaps, err) < 0)
		return err->code;
	json_object_set_new(json, "gaps", gaps);
	return 0;
}

static int add_streams(struct store *store, const struct request *request, json_t *json, struct err *err)
{
	json_t *streams = json_array();
	struct stream_row *rows;
	AUTO_PARAMS params;
	size_t count;

	json_object_set_new(json, "streams", streams);
	params_init(&params, &sql_statements[SQL_STATUS_STREAMS]);
	params_int(&params, 0, TENANT_LOCAL);
	params_int(&params, 1, STREAMS_MAX);
	if (store_read(store, &params, &stream_shape, request->arena, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++)
		json_array_append_new(streams, stream_json(&rows[i]));
	return add_gaps(store, request, rows, count, json, err);
}

static int add_watermarks(struct store *store, const struct request *request, json_t *json, struct err *err)
{
	json_t *sources = json_array();
	struct watermark_row *rows;
	size_t count;

	json_object_set_new(json, "sources", sources);
	if (query_watermarks(store, TENANT_LOCAL, request->arena, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		json_t *source = json_object();

		json_set_text(source, "source", rows[i].source);
		json_set_time(source, "watermark", rows[i].newest);
		json_array_append_new(sources, source);
	}
	return 0;
}

int api_status(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	AUTO_JSON json = json_object();
	struct store *store;
	int code = 0;

	if (pool_take_reading(request->context->pool, TENANT_LOCAL, &store, err) < 0)
		return err->code;
	json_set_text(json, "version", CLEWLINE_VERSION);
	json_set_time(json, "started_at", request->context->started_ns);
	if (add_schema(store, request, json, err) < 0 || add_counts(store, request, json, err) < 0 ||
	    add_days(store, request, json, err) < 0 || add_streams(store, request, json, err) < 0 ||
	    add_watermarks(store, request, json, err) < 0)
		code = err->code;
	pool_give(request->context->pool, store);
	*ret = code < 0 ? NULL : TAKE(json);
	return code;
}

int api_health(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct store *store;
	int code;

	if (pool_take(request->context->pool, &store, err) < 0)
		return err->code;
	code = store_check(store, err);
	pool_give(request->context->pool, store);
	if (code == 0)
		*ret = json_pack("{s:s}", "status", "ok");
	return code;
}
