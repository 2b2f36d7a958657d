#include <inttypes.h>

#include "base/time.h"
#include "collector/api/counts.h"
#include "collector/api/handlers.h"
#include "collector/api/tables.h"
#include "collector/intake/intake.h"
#include "collector/metrics/metrics.h"
#include "collector/store/pool.h"
#include "collector/store/query.h"
#include "collector/store/sql.h"

struct drop_row {
	const char *reason;
	int64_t events;
};
static const struct column drop_columns[] = { COLUMN(drop_row, reason, TEXT), COLUMN(drop_row, events, INT) };
static const struct row_shape drop_shape = ROW_SHAPE(drop_row, drop_columns);

static void add_head(struct strbuf *out, const char *name, const char *type, const char *help)
{
	strbuf_addf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line feed are escaped; senders choose these texts. */
static void add_label(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			strbuf_adds(out, "\\n");
		else if (*text == '"' || *text == '\\')
			strbuf_addf(out, "\\%c", *text);
		else
			strbuf_addc(out, *text);
	}
}

/* The name is one of the catalogue: anybody with the right may have made a table. */
static void add_table(struct strbuf *out, const char *metric, const char *name, int64_t value)
{
	strbuf_addf(out, "%s{table=\"", metric);
	add_label(out, name);
	strbuf_addf(out, "\"} %" PRId64 "\n", value);
}

static int add_sources(struct store *store, const struct request *request, struct strbuf *out, struct err *err)
{
	struct watermark_row *rows;
	size_t count;

	if (query_watermarks(store, TENANT_LOCAL, request->arena, &rows, &count, err) < 0)
		return err->code;
	add_head(out, "clewline_source_newest_seconds", "gauge", "Time of the newest event heard from a source.");
	for (size_t i = 0; i < count; i++) {
		strbuf_adds(out, "clewline_source_newest_seconds{source=\"");
		add_label(out, rows[i].source);
		strbuf_addf(out, "\"} %" PRId64 "\n", rows[i].newest / NS_PER_S);
	}
	return 0;
}

static int add_drops(struct store *store, const struct request *request, struct strbuf *out, struct err *err)
{
	struct drop_row *rows;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_STATUS_DROPS]);
	params_int(&params, 0, TENANT_LOCAL);
	if (store_read(store, &params, &drop_shape, request->arena, &rows, &count, err) < 0)
		return err->code;
	add_head(out, "clewline_declared_lost_events", "gauge",
		 "Events that senders declared lost, as stored, by reason.");
	for (size_t i = 0; i < count; i++) {
		strbuf_adds(out, "clewline_declared_lost_events{reason=\"");
		add_label(out, rows[i].reason);
		strbuf_addf(out, "\"} %" PRId64 "\n", rows[i].events);
	}
	return 0;
}

static int add_totals(struct store *store, const struct request *request, struct strbuf *out, struct err *err)
{
	struct totals *totals;

	if (totals_read(store, request->arena, &totals, err) < 0)
		return err->code;
	add_head(out, "clewline_dead_letters", "gauge", "Frames kept because they could not be understood.");
	strbuf_addf(out, "clewline_dead_letters %" PRId64 "\n", totals->dead_letters);
	return 0;
}

static int add_tables(struct store *store, const struct request *request, struct strbuf *out, struct err *err)
{
	const struct table_size *event;
	struct table_size *tables;
	size_t count;

	if (tables_read(store, request->arena, &tables, &count, err) < 0)
		return err->code;
	add_head(out, "clewline_table_bytes", "gauge", "Size of a table with its partitions and indexes.");
	for (size_t i = 0; i < count; i++)
		add_table(out, "clewline_table_bytes", tables[i].name, tables[i].bytes);
	add_head(out, "clewline_table_rows", "gauge", "Rows of a table, as the database estimates them.");
	for (size_t i = 0; i < count; i++)
		add_table(out, "clewline_table_rows", tables[i].name, tables[i].rows);
	event = tables_event(tables, count);
	if (!event)
		return 0;
	add_head(out, "clewline_event_days", "gauge", "Days of events that have a partition.");
	strbuf_addf(out, "clewline_event_days %" PRId64 "\n", event->days);
	add_head(out, "clewline_event_days_ahead", "gauge",
		 "Partitions of days to come; 0: nothing makes them any more.");
	strbuf_addf(out, "clewline_event_days_ahead %" PRId64 "\n", event->ahead);
	add_head(out, "clewline_events_without_day", "gauge",
		 "About how many events have a time that no day is made for.");
	strbuf_addf(out, "clewline_events_without_day %" PRId64 "\n", event->in_default);
	return 0;
}

/* What only the database knows; without it the rest is told all the same. */
static bool add_stored(const struct request *request, struct strbuf *out)
{
	struct err err = { 0 };
	struct store *store;
	bool is_told;

	if (pool_take_reading(request->context->pool, TENANT_LOCAL, &store, &err) < 0)
		return false;
	is_told = add_sources(store, request, out, &err) == 0 && add_drops(store, request, out, &err) == 0 &&
		  add_totals(store, request, out, &err) == 0 && add_tables(store, request, out, &err) == 0;
	pool_give(request->context->pool, store);
	return is_told;
}

int api_metrics(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	bool is_told;

	intake_measure(request->context->intake);
	metrics_write(&out);
	is_told = add_stored(request, &out);
	add_head(&out, "clewline_database_up", "gauge", "1 while the database answers.");
	strbuf_addf(&out, "clewline_database_up %d\n", is_told);
	*ret = out.failed ? NULL : json_stringn(out.data, out.length);
	return *ret ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}
