#include "collector/store/retention.h"

#include <stdio.h>

#include "base/time.h"
#include "collector/store/partitions.h"
#include "collector/store/source.h"
#include "collector/store/sql.h"

#define DAY_NS		   (INT64_C(86400) * NS_PER_S)
#define MEMORY_MAX	   (4u << 20)
#define STATEMENT_MAX	   160
#define EMPTY_DAYS	   (PARTITION_AGENT_DAYS + 1) /* older than that, a day without events needs no partition */
#define ORIGIN_MARGIN_DAYS 6 /* 3 of clocks that are ahead (PARTITION_AHEAD), 2 of known.h, 1 of rounding */
#define LONG_AGO	   (INT64_MIN / 2) /* before every time that is stored */

static const struct column columns[] = {
	COLUMN(retention_row, source, TEXT),
	COLUMN(retention_row, days, INT),
	COLUMN(retention_row, is_archived, BOOL),
	COLUMN(retention_row, done_until_ns, TIME),
};
static const struct row_shape shape = ROW_SHAPE(retention_row, columns);

struct tenant_row {
	int64_t tenant;
};
static const struct column tenant_columns[] = { COLUMN(tenant_row, tenant, INT) };
static const struct row_shape tenant_shape = ROW_SHAPE(tenant_row, tenant_columns);

struct day_row {
	int64_t day_ns;
};
static const struct column day_columns[] = { COLUMN(day_row, day_ns, TIME) };
static const struct row_shape day_shape = ROW_SHAPE(day_row, day_columns);

struct partition_row {
	const char *name;
	int64_t day_ns;
};
static const struct column partition_columns[] = {
	COLUMN(partition_row, name, TEXT),
	COLUMN(partition_row, day_ns, TIME),
};
static const struct row_shape partition_shape = ROW_SHAPE(partition_row, partition_columns);

struct bool_row {
	bool is_true;
};
static const struct column bool_columns[] = { COLUMN(bool_row, is_true, BOOL) };
static const struct row_shape bool_shape = ROW_SHAPE(bool_row, bool_columns);

/* Everything that an event's end may take with it. */
static const enum sql_id derived_deletes[] = { SQL_RETENTION_ALERTS, SQL_RETENTION_ASSERTIONS, SQL_RETENTION_MARKS,
					       SQL_RETENTION_SCANS };

int retention_list(struct store *store, int64_t tenant, struct arena *arena, struct retention_row **ret,
		   size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RETENTION_LIST]);
	params_int(&params, 0, tenant);
	return store_read(store, &params, &shape, arena, ret, ret_count, err);
}

int retention_set(struct store *store, int64_t tenant, const char *source, int64_t days, bool is_archived,
		  struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[days ? SQL_RETENTION_SET : SQL_RETENTION_CLEAR]);
	if (!source_is(source))
		return err_set(err, ERR_USAGE, "source is \"%s\", but must be agent, cloudtrail or scan", source);
	params_int(&params, 0, tenant);
	params_text(&params, 1, source);
	if (days) {
		params_int(&params, 2, days);
		params_bool(&params, 3, is_archived);
	}
	return store_run(store, &params, NULL, err);
}

int64_t retention_cutoff(const struct retention_row *row, int64_t now_ns)
{
	return (now_ns / DAY_NS - row->days) * DAY_NS;
}

/* Of a tenant whose sources all have an end: what is older has no event any more. INT64_MIN where one is kept for ever. */
static int64_t oldest_kept(const struct retention_row *rows, size_t count, int64_t now_ns)
{
	int64_t oldest = INT64_MAX;

	for (size_t i = 0; i < count; i++) {
		if (retention_cutoff(&rows[i], now_ns) < oldest)
			oldest = retention_cutoff(&rows[i], now_ns);
	}
	return count == SOURCE_COUNT ? oldest : INT64_MIN;
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
	if (source) {
		source_add_kinds(source, &params, 3);
		params_text(&params, 4, source);
	}
	if (store_run(store, &params, &deleted, err) < 0)
		return err->code;
	*count += (int64_t)deleted;
	return 0;
}

int retention_end_derived(struct store *store, int64_t tenant, int64_t from_ns, int64_t until_ns, int64_t *count,
			  struct err *err)
{
	const struct span span = { tenant, from_ns, until_ns };

	for (size_t i = 0; i < ARRAY_SIZE(derived_deletes); i++) {
		if (delete_span(store, derived_deletes[i], &span, NULL, count, err) < 0)
			return err->code;
	}
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
	params_time(&params, 3, span->from_ns);
	if (store_begin(store, err) < 0)
		return err->code;
	code = delete_span(store, SQL_RETENTION_EVENTS, span, row->source, &result->events, err);
	if (code == 0)
		code = retention_end_derived(store, span->tenant, span->from_ns, span->until_ns, &result->derived,
					     err);
	if (code == 0)
		code = store_run(store, &params, NULL, err);
	if (code == 0)
		return store_commit(store, err);
	store_rollback(store);
	return code;
}

/* An event may be a few days older or newer than its origin says that it was seen. */
static int end_origins(struct store *store, int64_t tenant, int64_t before_ns, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RETENTION_ORIGINS]);
	params_int(&params, 0, tenant);
	params_time(&params, 1, before_ns - ORIGIN_MARGIN_DAYS * DAY_NS);
	return store_run(store, &params, NULL, err);
}

static int end_entities(struct store *store, int64_t tenant, int64_t before_ns, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RETENTION_ENTITIES]);
	params_int(&params, 0, tenant);
	params_time(&params, 1, before_ns);
	return store_run(store, &params, NULL, err);
}

/* Nobody stores into it from here to the end of the transaction. */
static int look_empty(struct store *store, const struct partition_row *partition, struct arena *arena, bool *ret,
		      struct err *err)
{
	char lock[STATEMENT_MAX];
	struct bool_row *row;
	AUTO_PARAMS params;
	size_t count;

	snprintf(lock, sizeof(lock), "LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE", partition->name);
	params_init(&params, &sql_statements[SQL_RETENTION_HAS]);
	params_time(&params, 0, partition->day_ns);
	params_time(&params, 1, partition->day_ns + DAY_NS);
	if (store_command(store, "SET LOCAL lock_timeout = '5s'", err) < 0 || store_command(store, lock, err) < 0 ||
	    store_read(store, &params, &bool_shape, arena, &row, &count, err) < 0)
		return err->code;
	*ret = !row->is_true;
	return 0;
}

/* The name comes from the catalogue and has digits only behind "event_". */
static int drop_partition(struct store *store, const struct partition_row *partition, bool if_empty,
			  struct arena *arena, struct retention_result *result, struct err *err)
{
	bool is_wanted = true;

	if (store_begin(store, err) < 0)
		return err->code;
	if ((if_empty && look_empty(store, partition, arena, &is_wanted, err) < 0) ||
	    (is_wanted && partitions_drop(store, partition->name, err) < 0) || store_commit(store, err) < 0) {
		store_rollback(store);
		return err->code;
	}
	result->days += is_wanted;
	return 0;
}

/* Days that were restored and are kept for now, by anybody. */
static int read_spared(struct store *store, int64_t before_ns, struct arena *arena, struct day_row **ret,
		       size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_RETENTION_SPARED]);
	params_time(&params, 0, before_ns);
	return store_read(store, &params, &day_shape, arena, ret, ret_count, err);
}

static bool is_among(const struct day_row *days, size_t count, int64_t day_ns)
{
	for (size_t i = 0; i < count; i++) {
		if (days[i].day_ns == day_ns)
			return true;
	}
	return false;
}

static int drop_days(struct store *store, int64_t before_ns, bool if_empty, struct arena *arena,
		     struct retention_result *result, struct err *err)
{
	struct partition_row *rows;
	struct day_row *spared;
	AUTO_PARAMS params;
	size_t count, spared_count;

	params_init(&params, &sql_statements[SQL_RETENTION_PARTITIONS]);
	params_time(&params, 0, before_ns);
	if (store_read(store, &params, &partition_shape, arena, &rows, &count, err) < 0 ||
	    read_spared(store, before_ns, arena, &spared, &spared_count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (!is_among(spared, spared_count, rows[i].day_ns) &&
		    drop_partition(store, &rows[i], if_empty, arena, result, err) < 0)
			return err->code;
	}
	return 0;
}

/* Days that were restored and are kept no longer: those that retention would have ended. */
static int end_restored(struct store *store, int64_t tenant, const struct retention_row *row, int64_t now_ns,
			struct arena *arena, struct retention_result *result, struct err *err)
{
	struct day_row *days;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_RETENTION_RESTORED]);
	params_int(&params, 0, tenant);
	params_text(&params, 1, row->source);
	params_time(&params, 2, retention_cutoff(row, now_ns));
	if (store_read(store, &params, &day_shape, arena, &days, &count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		const struct span span = { tenant, days[i].day_ns, days[i].day_ns + DAY_NS };

		if (end_source(store, &span, row, result, err) < 0)
			return err->code;
	}
	return 0;
}

/* What came late for days that have ended is in the default partition: their own are gone. */
static int end_late(struct store *store, int64_t tenant, const struct retention_row *row, int64_t now_ns,
		    struct retention_result *result, struct err *err)
{
	const struct span span = { tenant, LONG_AGO, retention_cutoff(row, now_ns) };
	int64_t before = result->events;
	int code;

	if (store_begin(store, err) < 0)
		return err->code;
	code = delete_span(store, SQL_RETENTION_LATE, &span, row->source, &result->events, err);
	if (code == 0 && result->events > before)
		code = retention_end_derived(store, tenant, span.from_ns, span.until_ns, &result->derived, err);
	if (code == 0)
		return store_commit(store, err);
	store_rollback(store);
	return code;
}

/*
 * When the oldest day that is kept moves on, everything before it is looked through, also days that ended before: their events may
 * have come late. Between that only the default partition is.
 */
static int end_row(struct store *store, int64_t tenant, const struct retention_row *row, int64_t now_ns,
		   struct arena *arena, struct retention_result *result, struct err *err)
{
	const struct span span = { tenant, LONG_AGO, retention_cutoff(row, now_ns) };

	if (row->is_archived)
		return 0;
	if (row->done_until_ns < span.until_ns)
		return end_source(store, &span, row, result, err);
	if (end_late(store, tenant, row, now_ns, result, err) < 0)
		return err->code;
	return end_restored(store, tenant, row, now_ns, arena, result, err);
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
		if (end_row(store, tenant, &rows[i], now_ns, arena, result, err) < 0)
			return err->code;
	}
	oldest = oldest_kept(rows, count, now_ns);
	if (oldest == INT64_MIN)
		return 0;
	return end_entities(store, tenant, oldest, err) < 0 ? err->code : end_origins(store, tenant, oldest, err);
}

/* Whoever archives drops days himself, once they are in the archive. */
static bool has_archived(const struct retention_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].is_archived)
			return true;
	}
	return false;
}

/* The oldest day that any tenant keeps something of. */
static int oldest_of_all(struct store *store, const int64_t *tenants, size_t count, int64_t now_ns,
			 struct arena *arena, int64_t *ret, struct err *err)
{
	*ret = count ? INT64_MAX : INT64_MIN;
	for (size_t i = 0; i < count; i++) {
		struct retention_row *rows;
		size_t row_count;
		int64_t oldest;

		if (retention_list(store, tenants[i], arena, &rows, &row_count, err) < 0)
			return err->code;
		oldest = has_archived(rows, row_count) ? INT64_MIN : oldest_kept(rows, row_count, now_ns);
		*ret = oldest < *ret ? oldest : *ret;
	}
	return 0;
}

int retention_tenants(struct store *store, struct arena *arena, int64_t **ret, size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	_Static_assert(sizeof(struct tenant_row) == sizeof(int64_t), "a row is its tenant");
	params_init(&params, &sql_statements[SQL_RETENTION_TENANTS]);
	return store_read(store, &params, &tenant_shape, arena, ret, ret_count, err);
}

/* Days that were dropped may have had late events; what was derived from those is gone with them. */
static int end_dropped(struct store *store, const int64_t *tenants, size_t count, int64_t until_ns,
		       struct retention_result *result, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (store_begin(store, err) < 0)
			return err->code;
		if (retention_end_derived(store, tenants[i], LONG_AGO, until_ns, &result->derived, err) < 0 ||
		    store_commit(store, err) < 0) {
			store_rollback(store);
			return err->code;
		}
	}
	return 0;
}

int retention_apply(struct store *store, int64_t now_ns, struct retention_result *ret, struct err *err)
{
	int64_t oldest, *tenants;
	AUTO_ARENA arena;
	size_t count;

	*ret = (struct retention_result){ 0 };
	arena_init(&arena, MEMORY_MAX);
	if (retention_tenants(store, &arena, &tenants, &count, err) < 0 ||
	    oldest_of_all(store, tenants, count, now_ns, &arena, &oldest, err) < 0)
		return err->code;
	if (oldest > INT64_MIN && drop_days(store, oldest, false, &arena, ret, err) < 0)
		return err->code;
	if (ret->days && end_dropped(store, tenants, count, oldest, ret, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++) {
		if (end_tenant(store, tenants[i], now_ns, &arena, ret, err) < 0)
			return err->code;
	}
	/* Emptied by rows; new ones of so long ago have the default partition. */
	return drop_days(store, (now_ns / DAY_NS - EMPTY_DAYS) * DAY_NS, true, &arena, ret, err);
}
