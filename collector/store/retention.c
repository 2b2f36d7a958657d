#include "collector/store/retention.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/sql.h"
#include "model/event.h"

#define DAY_NS	      (INT64_C(86400) * NS_PER_S)
#define MEMORY_MAX    (1u << 20)
#define SOURCES	      3
#define STATEMENT_MAX 160

static const char *const sources[SOURCES] = { "agent", "cloudtrail", "scan" };

/* Whose events a kind's are: what is neither a record of a cloud nor a scan, an agent has seen. */
static const struct kind {
	enum event_kind kind;
	const char *source;
} kinds[] = {
#define X(id, number, name)                                                                                          \
	{ EVENT_##id, EVENT_##id == EVENT_CLOUD ? "cloudtrail" : EVENT_##id == EVENT_SCAN ? "scan" : "agent" },
	EVENT_KINDS(X)
#undef X
};

static const struct column columns[] = {
	COLUMN(retention_row, source, TEXT),
	COLUMN(retention_row, days, INT),
	COLUMN(retention_row, done_until_ns, TIME),
};
static const struct row_shape shape = ROW_SHAPE(retention_row, columns);

struct tenant_row {
	int64_t tenant;
};
static const struct column tenant_columns[] = { COLUMN(tenant_row, tenant, INT) };
static const struct row_shape tenant_shape = ROW_SHAPE(tenant_row, tenant_columns);

struct name_row {
	const char *name;
};
static const struct column name_columns[] = { COLUMN(name_row, name, TEXT) };
static const struct row_shape name_shape = ROW_SHAPE(name_row, name_columns);

/* Everything that an event's end may take with it. */
static const enum sql_id derived_deletes[] = { SQL_RETENTION_ALERTS, SQL_RETENTION_ASSERTIONS, SQL_RETENTION_MARKS,
					       SQL_RETENTION_SCANS };

static bool is_source(const char *name)
{
	for (size_t i = 0; i < SOURCES; i++) {
		if (strcmp(sources[i], name) == 0)
			return true;
	}
	return false;
}

int retention_list(struct store *store, int64_t tenant, struct arena *arena, struct retention_row **ret,
		   size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RETENTION_LIST]);
	params_int(&params, 0, tenant);
	return store_read(store, &params, &shape, arena, ret, ret_count, err);
}

int retention_set(struct store *store, int64_t tenant, const char *source, int64_t days, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[days ? SQL_RETENTION_SET : SQL_RETENTION_CLEAR]);
	if (!is_source(source))
		return err_set(err, ERR_USAGE, "source is \"%s\", but must be agent, cloudtrail or scan", source);
	params_int(&params, 0, tenant);
	params_text(&params, 1, source);
	if (days)
		params_int(&params, 2, days);
	return store_run(store, &params, NULL, err);
}

/* The beginning of the oldest day that is kept. */
static int64_t cutoff(const struct retention_row *row, int64_t now_ns)
{
	return (now_ns / DAY_NS - row->days) * DAY_NS;
}

/* Of a tenant whose sources all have an end: what is older has no event any more. INT64_MIN where one is kept for ever. */
static int64_t oldest_kept(const struct retention_row *rows, size_t count, int64_t now_ns)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		if (cutoff(&rows[i], now_ns) < oldest)
			oldest = cutoff(&rows[i], now_ns);
	}
	return count == SOURCES ? oldest : INT64_MIN;
}

struct span {
	int64_t tenant, from_ns, until_ns;
};

/* source: whose events, NULL for derived rows. */
static int delete_span(struct store *store, enum sql_id id, const struct span *span, const char *source,
		       int64_t *count, struct err *err)
{
	AUTO_PARAMS params;
	size_t deleted;

	params_init(&params, &sql_statements[id]);
	params_int(&params, 0, span->tenant);
	params_time(&params, 1, span->from_ns);
	params_time(&params, 2, span->until_ns);
	for (size_t i = 0; source && i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].source, source) == 0)
			params_int(&params, 3, kinds[i].kind);
	}
	if (store_run(store, &params, &deleted, err) < 0)
		return err->code;
	*count += (int64_t)deleted;
	return 0;
}

/* One transaction: an event is never gone with its alert left, or the other way round. */
static int end_source(struct store *store, const struct span *span, const struct retention_row *row,
		      struct retention_result *result, struct err *err)
{
	AUTO_PARAMS params;
	int code;

	params_init(&params, &sql_statements[SQL_RETENTION_DONE]);
	params_int(&params, 0, span->tenant);
	params_text(&params, 1, row->source);
	params_time(&params, 2, span->until_ns);
	if (store_begin(store, err) < 0)
		return err->code;
	code = delete_span(store, SQL_RETENTION_EVENTS, span, row->source, &result->events, err);
	for (size_t i = 0; code == 0 && i < ARRAY_SIZE(derived_deletes); i++)
		code = delete_span(store, derived_deletes[i], span, NULL, &result->derived, err);
	if (code == 0)
		code = store_run(store, &params, NULL, err);
	if (code == 0)
		return store_commit(store, err);
	store_rollback(store);
	return code;
}

static int end_entities(struct store *store, int64_t tenant, int64_t before_ns, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RETENTION_ENTITIES]);
	params_int(&params, 0, tenant);
	params_time(&params, 1, before_ns);
	return store_run(store, &params, NULL, err);
}

/* The name comes from the catalogue and has digits only behind "event_": it cannot be a parameter. */
static int drop_partition(struct store *store, const char *name, struct err *err)
{
	char detach[STATEMENT_MAX], drop[STATEMENT_MAX];

	snprintf(detach, sizeof(detach), "ALTER TABLE event DETACH PARTITION %s", name);
	snprintf(drop, sizeof(drop), "DROP TABLE %s", name);
	if (store_begin(store, err) < 0)
		return err->code;
	if (store_command(store, "SET LOCAL lock_timeout = '5s'", err) == 0 &&
	    store_command(store, detach, err) == 0 && store_command(store, drop, err) == 0)
		return store_commit(store, err);
	store_rollback(store);
	return err->code;
}

static int drop_days(struct store *store, int64_t before_ns, struct arena *arena, struct retention_result *result,
		     struct err *err)
{
	struct name_row *rows;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_RETENTION_PARTITIONS]);
	params_time(&params, 0, before_ns);
	if (store_read(store, &params, &name_shape, arena, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (drop_partition(store, rows[i].name, err) < 0)
			return err->code;
		result->days++;
	}
	return 0;
}

static int end_tenant(struct store *store, int64_t tenant, int64_t now_ns, struct arena *arena,
		      struct retention_result *result, struct err *err)
{
	struct retention_row *rows;
	int64_t oldest;
	size_t count;

	if (retention_list(store, tenant, arena, &rows, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		const struct span span = { tenant, rows[i].done_until_ns, cutoff(&rows[i], now_ns) };

		if (span.from_ns < span.until_ns && end_source(store, &span, &rows[i], result, err) < 0)
			return err->code;
	}
	oldest = oldest_kept(rows, count, now_ns);
	return oldest > INT64_MIN ? end_entities(store, tenant, oldest, err) : 0;
}

/* The oldest day that any tenant keeps something of. */
static int oldest_of_all(struct store *store, const struct tenant_row *tenants, size_t count, int64_t now_ns,
			 struct arena *arena, int64_t *ret, struct err *err)
{
	*ret = count ? INT64_MAX : INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		struct retention_row *rows;
		size_t row_count;
		int64_t oldest;

		if (retention_list(store, tenants[i].tenant, arena, &rows, &row_count, err) < 0)
			return err->code;
		oldest = oldest_kept(rows, row_count, now_ns);
		*ret = oldest < *ret ? oldest : *ret;
	}
	return 0;
}

int retention_apply(struct store *store, int64_t now_ns, struct retention_result *ret, struct err *err)
{
	struct tenant_row *tenants;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	int64_t oldest;
	size_t count;

	*ret = (struct retention_result){ 0 };
	arena_init(&arena, MEMORY_MAX);
	params_init(&params, &sql_statements[SQL_RETENTION_TENANTS]);
	if (store_read(store, &params, &tenant_shape, &arena, &tenants, &count, err) < 0 ||
	    oldest_of_all(store, tenants, count, now_ns, &arena, &oldest, err) < 0)
		return err->code;
	if (oldest > INT64_MIN && drop_days(store, oldest, &arena, ret, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (end_tenant(store, tenants[i].tenant, now_ns, &arena, ret, err) < 0)
			return err->code;
	}
	return 0;
}
