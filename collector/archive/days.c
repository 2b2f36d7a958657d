#include "collector/archive/days.h"

#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/sql.h"

static const struct column day_columns[] = {
	COLUMN(archived_day, day_ns, TIME),	   COLUMN(archived_day, source, TEXT),
	COLUMN(archived_day, events, INT),	   COLUMN(archived_day, archived_ns, TIME),
	COLUMN(archived_day, dropped_ns, TIME),	   COLUMN(archived_day, restored_ns, TIME),
	COLUMN(archived_day, kept_until_ns, TIME),
};
static const struct row_shape day_shape = ROW_SHAPE(archived_day, day_columns);

struct text_row {
	const char *text;
};
static const struct column text_columns[] = { COLUMN(text_row, text, TEXT) };
static const struct row_shape text_shape = ROW_SHAPE(text_row, text_columns);

struct lock_row {
	bool is_locked;
};
static const struct column lock_columns[] = { COLUMN(lock_row, is_locked, BOOL) };
static const struct row_shape lock_shape = ROW_SHAPE(lock_row, lock_columns);

#define ANSWER_MAX (1u << 20)

int archived_days_list(struct store *store, int64_t tenant, size_t limit, struct arena *arena,
		       struct archived_day **ret, size_t *ret_count, struct err *err)
{
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ARCHIVE_LIST]);
	params_int(&params, 0, tenant);
	params_int(&params, 1, (int64_t)limit);
	return store_read(store, &params, &day_shape, arena, ret, ret_count, err);
}

int archived_day_find(struct store *store, const struct archive_unit *unit, struct arena *arena,
		      struct archived_day *ret, bool *ret_found, struct err *err)
{
	struct archived_day *rows;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_ARCHIVE_FIND]);
	params_int(&params, 0, unit->tenant);
	params_text(&params, 1, unit->source);
	params_time(&params, 2, unit->day_ns);
	if (store_read(store, &params, &day_shape, arena, &rows, &count, err) < 0)
		return err->code;
	*ret_found = count > 0;
	if (count)
		*ret = *rows;
	return 0;
}

int archive_days_with_events(struct store *store, int64_t from_ns, int64_t until_ns, struct arena *arena,
			     int64_t **ret, size_t *ret_count, struct err *err)
{
	char time[TIME_TEXT_MAX];
	struct text_row *rows;
	AUTO_PARAMS params;

	params_init(&params, &sql_statements[SQL_ARCHIVE_DAYS]);
	params_time(&params, 0, from_ns);
	params_time(&params, 1, until_ns);
	if (store_read(store, &params, &text_shape, arena, &rows, ret_count, err) < 0)
		return err->code;
	*ret = arena_array(arena, int64_t, *ret_count + 1);
	if (!*ret)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < *ret_count; i++) {
		snprintf(time, sizeof(time), "%.4s-%.2s-%.2sT00:00:00Z", rows[i].text, rows[i].text + 4,
			 rows[i].text + 6);
		if (time_parse(time, &(*ret)[i], err) < 0)
			return err->code;
	}
	return 0;
}

int archive_lock(struct store *store, struct err *err)
{
	struct lock_row *row;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, ANSWER_MAX);
	params_init(&params, &sql_statements[SQL_ARCHIVE_LOCK]);
	if (store_read(store, &params, &lock_shape, &arena, &row, &count, err) < 0)
		return err->code;
	return row->is_locked ? 0 : err_set(err, ERR_AGAIN, "another archive or restore runs already");
}

void archive_unlock(struct store *store)
{
	store_rollback(store);
	store_command(store, "SELECT pg_advisory_unlock(7305482190447)", &(struct err){ 0 });
}

int archive_schema(struct store *store, struct arena *arena, const char **ret, struct err *err)
{
	struct text_row *row;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql_statements[SQL_SCHEMA_NEWEST]);
	if (store_read(store, &params, &text_shape, arena, &row, &count, err) < 0)
		return err->code;
	*ret = row->text ? row->text : "";
	return 0;
}
