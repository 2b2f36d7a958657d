#include "collector/api/counts.h"

#include <string.h>

#include "collector/store/sql.h"

#define COUNT_SIZE_MAX (INT64_C(256) << 20) /* bytes of tables that are still counted row by row */

struct size_row {
	const char *table;
	int64_t rows, bytes;
};
static const struct column size_columns[] = {
	COLUMN(size_row, table, TEXT),
	COLUMN(size_row, rows, INT),
	COLUMN(size_row, bytes, INT),
};
static const struct row_shape size_shape = ROW_SHAPE(size_row, size_columns);

struct counts_row {
	int64_t events, alerts, entities, assertions;
};
static const struct column counts_columns[] = {
	COLUMN(counts_row, events, INT),
	COLUMN(counts_row, alerts, INT),
	COLUMN(counts_row, entities, INT),
	COLUMN(counts_row, assertions, INT),
};
static const struct row_shape counts_shape = ROW_SHAPE(counts_row, counts_columns);

static const struct column totals_columns[] = {
	COLUMN(totals, batches, INT),
	COLUMN(totals, dead_letters, INT),
	COLUMN(totals, dropped, INT),
};
static const struct row_shape totals_shape = ROW_SHAPE(totals, totals_columns);

static int read_sizes(struct store *store, struct arena *arena, struct size_row **ret, size_t *ret_count,
		      int64_t *ret_bytes, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_STATUS_SIZES]);
	*ret_bytes = 0;
	if (store_read(store, &params, &size_shape, arena, ret, ret_count, err) < 0)
		return err->code;
	for (size_t i = 0; i < *ret_count; i++)
		*ret_bytes += (*ret)[i].bytes;
	return 0;
}

static int64_t estimate(const struct size_row *rows, size_t count, const char *table)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(rows[i].table, table) == 0)
			return rows[i].rows;
	}
	return 0;
}

static int read_row(struct store *store, enum sql_id id, const struct row_shape *shape, struct arena *arena,
		    void *ret, struct err *err)
{
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[id]);
	params_int(&params, 0, TENANT_LOCAL);
	return store_read(store, &params, shape, arena, ret, &count, err);
}

int totals_read(struct store *store, struct arena *arena, struct totals **ret, struct err *err)
{
	return read_row(store, SQL_STATUS_TOTALS, &totals_shape, arena, ret, err);
}

/* Large tables are not counted for a screen: the planner's own estimate is near enough, and says that it is one. */
int counts_read(struct store *store, struct arena *arena, json_t **ret, struct err *err)
{
	struct counts_row *counts, estimated;
	struct totals *totals;
	struct size_row *sizes;
	bool is_estimated;
	int64_t bytes;
	size_t count;

	if (read_sizes(store, arena, &sizes, &count, &bytes, err) < 0 || totals_read(store, arena, &totals, err) < 0)
		return err->code;
	is_estimated = bytes > COUNT_SIZE_MAX;
	if (is_estimated) {
		estimated =
			(struct counts_row){ estimate(sizes, count, "event"), estimate(sizes, count, "alert"),
					     estimate(sizes, count, "entity"), estimate(sizes, count, "assertion") };
		counts = &estimated;
	} else if (read_row(store, SQL_STATUS_COUNTS, &counts_shape, arena, &counts, err) < 0) {
		return err->code;
	}
	*ret = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "events", (json_int_t)counts->events, "alerts",
			 (json_int_t)counts->alerts, "entities", (json_int_t)counts->entities, "assertions",
			 (json_int_t)counts->assertions, "batches", (json_int_t)totals->batches, "dead_letters",
			 (json_int_t)totals->dead_letters, "declared_drops", (json_int_t)totals->dropped, "estimated",
			 (int)is_estimated);
	return 0;
}
