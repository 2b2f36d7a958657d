#include "collector/store/prepare.h"

#include <stdio.h>

#include "collector/store/rights.h"
#include "collector/store/sql.h"
#include "store/migrate.h"

#define ANSWER_MAX (1u << 20)

struct count_row {
	int64_t count;
};
static const struct column count_columns[] = { COLUMN(count_row, count, INT) };
static const struct row_shape count_shape = ROW_SHAPE(count_row, count_columns);

static int create_missing(struct store *store, const char *name, struct err *err)
{
	struct count_row *row;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	char text[128];
	size_t count;

	arena_init(&arena, ANSWER_MAX);
	params_init(&params, &sql_statements[SQL_DATABASE_FIND]);
	params_text(&params, 0, name);
	if (store_read(store, &params, &count_shape, &arena, &row, &count, err) < 0)
		return err->code;
	if (row->count)
		return 0;
	/* A name of a database cannot be a parameter; this one is a constant of the program. */
	snprintf(text, sizeof(text), "CREATE DATABASE %s", name);
	return store_command(store, text, err);
}

int prepare_database(const char *conninfo, const char *name, struct err *err)
{
	struct store *store;
	int code;

	if (store_open(conninfo, &store, err) < 0)
		return err->code;
	code = create_missing(store, name, err);
	store_close(store);
	return code;
}

int prepare_schema(const char *conninfo, struct err *err)
{
	struct store *store;
	int code;

	if (store_open(conninfo, &store, err) < 0)
		return err->code;
	code = store_migrate(store, schema_steps, schema_step_count, err);
	store_close(store);
	return code;
}

int prepare_rights(const char *conninfo, struct err *err)
{
	struct store *store;
	int code;

	if (store_open(conninfo, &store, err) < 0)
		return err->code;
	code = rights_prepare(store, err);
	store_close(store);
	return code;
}
