#include "collector/store/rights.h"

#include <stdio.h>
#include <string.h>

#include "collector/store/sql.h"

#define TEXT_MAX   256
#define ANSWER_MAX (1u << 16)

static const struct right {
	const char *table, *reader, *writer;
} table[] = {
#define RIGHT(table_, reader_, writer_) { .table = (table_), .reader = (reader_), .writer = (writer_) },
#include "collector/store/rights.def"
#undef RIGHT
};

/* COPY FROM is refused where row-level security applies: the writer passes it by, the reader does not. */
static const struct role {
	const char *name, *attributes;
} roles[] = { { RIGHTS_READER, "NOBYPASSRLS" }, { RIGHTS_WRITER, "BYPASSRLS" } };

struct count_row {
	int64_t count;
};
static const struct column count_columns[] = { COLUMN(count_row, count, INT) };
static const struct row_shape count_shape = ROW_SHAPE(count_row, count_columns);

static int count_of(struct store *store, const struct params *params, int64_t *ret, struct err *err)
{
	struct count_row *row;
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, ANSWER_MAX);
	if (store_read(store, params, &count_shape, &arena, &row, &count, err) < 0)
		return err->code;
	*ret = row->count;
	return 0;
}

/* On distributed PostgreSQL the nodes connect to each other as the role that asks: there it has to be one that may. */
static int login_word(struct store *store, const char **ret, struct err *err)
{
	AUTO_PARAMS params;
	int64_t count = 0;

	params_init(&params, &sql_statements[SQL_DATABASE_DISTRIBUTED]);
	if (count_of(store, &params, &count, err) < 0)
		return err->code;
	*ret = count ? "LOGIN" : "NOLOGIN";
	return 0;
}

/* Names of roles, tables and rights cannot be parameters; all of them are constants of the program. */
static int make_role(struct store *store, const struct role *role, struct err *err)
{
	char text[TEXT_MAX];
	AUTO_PARAMS params, able;
	int64_t count = 0, is_able = 0;
	const char *login = "NOLOGIN";

	params_init(&params, &sql_statements[SQL_DATABASE_ROLE_FIND]);
	params_text(&params, 0, role->name);
	params_init(&able, &sql_statements[SQL_DATABASE_ROLE_LOGIN]);
	params_text(&able, 0, role->name);
	if (count_of(store, &params, &count, err) < 0 || count_of(store, &able, &is_able, err) < 0 ||
	    login_word(store, &login, err) < 0)
		return err->code;
	snprintf(text, sizeof(text), "CREATE ROLE %s %s %s", role->name, login, role->attributes);
	if (!count && store_command(store, text, err) < 0)
		return err->code;
	snprintf(text, sizeof(text), "GRANT %s TO CURRENT_USER", role->name);
	if (!count && store_command(store, text, err) < 0)
		return err->code;
	snprintf(text, sizeof(text), "ALTER ROLE %s LOGIN", role->name);
	if (count && !is_able && strcmp(login, "LOGIN") == 0 && store_command(store, text, err) < 0)
		return err->code;
	snprintf(text, sizeof(text), "GRANT USAGE ON SCHEMA public TO %s", role->name);
	return store_command(store, text, err);
}

static int grant(struct store *store, const char *rights, const char *on, const char *role, struct err *err)
{
	char text[TEXT_MAX];

	if (!rights)
		return 0;
	snprintf(text, sizeof(text), "GRANT %s ON %s TO %s", rights, on, role);
	return store_command(store, text, err);
}

static int grant_all(struct store *store, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
		if (make_role(store, &roles[i], err) < 0)
			return err->code;
	}
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (grant(store, table[i].reader, table[i].table, RIGHTS_READER, err) < 0 ||
		    grant(store, table[i].writer, table[i].table, RIGHTS_WRITER, err) < 0)
			return err->code;
	}
	return 0;
}

int rights_prepare(struct store *store, struct err *err)
{
	/* Several collectors may start at once. */
	if (store_begin(store, err) < 0)
		return err->code;
	if (store_command(store, "SELECT pg_advisory_xact_lock(7305482190446)", err) == 0 &&
	    grant_all(store, err) == 0)
		return store_commit(store, err);
	store_rollback(store);
	return err->code;
}
