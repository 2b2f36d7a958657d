#include "store/migrate.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define STEPS_TEXT_MAX (4u << 20)
#define CHECKSUM_SIZE  (2 * SHA256_DIGEST_LENGTH + 1)
/* The lock's number has no meaning; it must only never change: programs of two versions may migrate at once. */
#define LOCK_KEY "7305482190443"

struct step_row {
	const char *step, *checksum;
	int64_t applied_ns;
};

static const struct sql step_list = { "step_list", "",
				      "SELECT step, checksum, applied_at FROM schema_step ORDER BY step" };
static const struct sql step_table = { "step_table", "", "SELECT to_regclass('schema_step') IS NOT NULL" };
static const struct sql step_add = { "step_add", "tt",
				     "INSERT INTO schema_step (step, checksum, applied_at) VALUES ($1, $2, now())" };

static const struct column step_columns[] = { COLUMN(step_row, step, TEXT), COLUMN(step_row, checksum, TEXT),
					      COLUMN(step_row, applied_ns, TIME) };
static const struct row_shape step_shape = ROW_SHAPE(step_row, step_columns);

struct table_row {
	bool is_there;
};
static const struct column table_columns[] = { COLUMN(table_row, is_there, BOOL) };
static const struct row_shape table_shape = ROW_SHAPE(table_row, table_columns);

static void checksum_of(const struct schema_step *step, char out[CHECKSUM_SIZE])
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256((const unsigned char *)step->text, step->length, digest);
	hex_format(digest, sizeof(digest), out);
}

static int check_recorded(const struct step_row *rows, size_t row_count, const struct schema_step *steps,
			  size_t count, struct err *err)
{
	char checksum[CHECKSUM_SIZE];

	for (size_t i = 0; i < row_count; i++) {
		if (i >= count || strcmp(rows[i].step, steps[i].name) != 0)
			return err_set(
				err, ERR_FAILED,
				"the database has schema step \"%s\", which this program does not know; use the "
				"newer program",
				rows[i].step);
		checksum_of(&steps[i], checksum);
		if (strcmp(rows[i].checksum, checksum) != 0)
			return err_set(
				err, ERR_FAILED,
				"schema step \"%s\" was applied with checksum %.12s, but this program has %.12s",
				rows[i].step, rows[i].checksum, checksum);
	}
	return 0;
}

/* A statement ends at a semicolon that ends a line; the server refuses two in one command, on purpose (schema/README.md). */
static int run_statements(struct store *store, const struct schema_step *step, struct err *err)
{
	AUTO_STRBUF statement = STRBUF_INIT;
	const char *line = step->text, *end = step->text + step->length;

	while (line < end) {
		const char *line_end = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((line_end ? line_end : end) - line);

		if (length < 2 || strncmp(line, "--", 2) != 0) {
			strbuf_add(&statement, line, length);
			strbuf_addc(&statement, '\n');
			if (length && line[length - 1] == ';') {
				if (store_command(store, statement.data, err) < 0)
					return err->code;
				strbuf_clear(&statement);
			}
		}
		line += length + 1;
	}
	if (strspn(statement.data, " \t\n") != statement.length)
		return err_set(err, ERR_FAILED, "its last statement has no semicolon");
	return 0;
}

static int apply_step(struct store *store, const struct schema_step *step, struct err *err)
{
	char checksum[CHECKSUM_SIZE];
	AUTO_PARAMS params;

	params_init(&params, &step_add);
	checksum_of(step, checksum);
	params_text(&params, 0, step->name);
	params_text(&params, 1, checksum);
	if (store_begin(store, err) < 0)
		return err->code;
	if (run_statements(store, step, err) < 0 || store_run(store, &params, NULL, err) < 0) {
		store_rollback(store);
		return err_wrap(err, "could not apply schema step \"%s\"", step->name);
	}
	return store_commit(store, err);
}

static int migrate_locked(struct store *store, const struct schema_step *steps, size_t count, struct err *err)
{
	AUTO_ARENA arena;
	AUTO_PARAMS params;
	struct step_row *rows;
	size_t row_count;

	arena_init(&arena, STEPS_TEXT_MAX);
	params_init(&params, &step_list);
	if (store_command(store,
			  "CREATE TABLE IF NOT EXISTS schema_step (step text PRIMARY KEY, checksum text NOT NULL, "
			  "applied_at timestamptz NOT NULL)",
			  err) < 0 ||
	    store_read(store, &params, &step_shape, &arena, &rows, &row_count, err) < 0 ||
	    check_recorded(rows, row_count, steps, count, err) < 0)
		return err->code;
	for (size_t i = row_count; i < count; i++) {
		if (apply_step(store, &steps[i], err) < 0)
			return err->code;
	}
	return (int)(count - row_count);
}

int store_migrate(struct store *store, const struct schema_step *steps, size_t count, struct err *err)
{
	int code;

	/* lock_timeout bounds the wait for another program that migrates. */
	if (store_command(store, "SELECT pg_advisory_lock(" LOCK_KEY ")", err) < 0)
		return err_wrap(err, "could not lock the schema");
	code = migrate_locked(store, steps, count, err);
	store_command(store, "SELECT pg_advisory_unlock(" LOCK_KEY ")", &(struct err){ 0 });
	return code;
}

int store_schema_state(struct store *store, const struct schema_step *steps, size_t count, struct arena *arena,
		       struct schema_state **ret, struct err *err)
{
	struct step_row *rows = NULL;
	struct table_row *table;
	AUTO_PARAMS params, list;
	size_t row_count = 0, one;

	params_init(&params, &step_table);
	params_init(&list, &step_list);
	*ret = arena_array(arena, struct schema_state, count + 1);
	if (!*ret)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (store_read(store, &params, &table_shape, arena, &table, &one, err) < 0 ||
	    (table->is_there && store_read(store, &list, &step_shape, arena, &rows, &row_count, err) < 0) ||
	    check_recorded(rows, row_count, steps, count, err) < 0)
		return err->code;
	for (size_t i = 0; i < count; i++)
		(*ret)[i] = (struct schema_state){ steps[i].name, i < row_count ? rows[i].applied_ns : 0 };
	return 0;
}
