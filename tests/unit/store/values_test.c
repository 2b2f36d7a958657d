#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/time.h"
#include "tests/unit/collector/fixture.h"

static struct fixture f;
static struct arena arena;

struct all_row {
	int64_t number, time, missing_number, missing_time;
	int small;
	bool yes;
	double fraction;
	const char *text, *json, *missing_text;
	uint8_t uuid[STORE_UUID_SIZE];
	struct store_bytes bytes, missing_bytes;
};
static const struct column all_columns[] = {
	COLUMN(all_row, number, INT),	     COLUMN(all_row, text, TEXT),
	COLUMN(all_row, uuid, UUID),	     COLUMN(all_row, bytes, BYTES),
	COLUMN(all_row, time, TIME),	     COLUMN(all_row, yes, BOOL),
	COLUMN(all_row, fraction, FLOAT),    COLUMN(all_row, json, JSON),
	COLUMN(all_row, small, ENUM),	     COLUMN(all_row, missing_number, INT),
	COLUMN(all_row, missing_text, TEXT), COLUMN(all_row, missing_bytes, BYTES),
	COLUMN(all_row, missing_time, TIME),
};
static const struct row_shape all_shape = ROW_SHAPE(all_row, all_columns);

static const struct sql one = { "one", "itubsofjitbs",
				"SELECT $1, $2, $3, $4, $5, $6, $7, $8, $1::smallint, $9, $10, $11, $12" };
static const struct sql many = {
	"many", "ITUBSOFJITBS",
	"SELECT a, b, c, d, e, f, g, h, a::smallint, i, j, k, l FROM "
	"unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS t(a, b, c, d, e, f, g, h, i, j, k, l)"
};

static const uint8_t uuid[STORE_UUID_SIZE] = { 0, 1, 2, 0xff };

static void add_values(struct params *params)
{
	params_int(params, 0, -7);
	params_text_length(params, 1, "a'\\\"\0\xff\xc3\xa9", 8);
	params_uuid(params, 2, uuid);
	params_bytes(params, 3, "\0\1", 2);
	params_time(params, 4, -1);
	params_bool(params, 5, true);
	params_float(params, 6, -0.25);
	params_text(params, 7, "{\"a\": [1]}");
	params_id(params, 8, 0);
	params_text(params, 9, NULL);
}

static void check_row(const struct all_row *row)
{
	assert_int_equal(row->number, -7);
	assert_int_equal(row->small, -7);
	assert_string_equal(row->text, "a'\\\"\xef\xbf\xbd\xef\xbf\xbd\xc3\xa9");
	assert_memory_equal(row->uuid, uuid, sizeof(uuid));
	assert_int_equal(row->bytes.length, 2);
	assert_memory_equal(row->bytes.data, "\0\1", 2);
	/* One nanosecond before 1970 is in the microsecond before. */
	assert_int_equal(row->time, -1000);
	assert_true(row->yes);
	assert_true(row->fraction == -0.25);
	assert_string_equal(row->json, "{\"a\": [1]}");
	assert_int_equal(row->missing_number, 0);
	assert_null(row->missing_text);
	assert_null(row->missing_bytes.data);
	assert_int_equal(row->missing_time, 0);
}

static void every_type_comes_back_as_it_went(void **state UNUSED)
{
	struct err err = { 0 };
	struct all_row *rows;
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &one);
	add_values(&params);
	if (store_read(f.store, &params, &all_shape, &arena, &rows, &count, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(count, 1);
	check_row(rows);
}

static void arrays_hold_many_values_or_none(void **state UNUSED)
{
	struct err err = { 0 };
	struct all_row *rows;
	AUTO_PARAMS params, none;
	size_t count;

	params_init(&params, &many);
	params_init(&none, &many);
	for (int i = 0; i < 3; i++) {
		add_values(&params);
	}
	if (store_read(f.store, &params, &all_shape, &arena, &rows, &count, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < count; i++)
		check_row(&rows[i]);
	if (store_read(f.store, &none, &all_shape, &arena, &rows, &count, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(count, 0);
}

static void times_at_the_ends_of_the_range_survive(void **state UNUSED)
{
	static const struct sql sql = { "times", "S",
					"SELECT t FROM unnest($1) WITH ORDINALITY AS u(t, n) ORDER BY n" };
	static const struct column columns[] = { COLUMN(all_row, time, TIME) };
	static const struct row_shape shape = ROW_SHAPE(all_row, columns);
	const int64_t times[] = { INT64_MIN + 808, -1, 0, 1764158705123456789, INT64_MAX };
	struct all_row *rows;
	struct err err = { 0 };
	AUTO_PARAMS params;
	size_t count;

	params_init(&params, &sql);
	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		params_time(&params, 0, times[i]);
	if (store_read(f.store, &params, &shape, &arena, &rows, &count, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < count; i++)
		assert_true(times[i] - rows[i].time >= 0 && times[i] - rows[i].time < 1000);
}

static void a_row_that_does_not_fit_its_statement_is_refused(void **state UNUSED)
{
	static const struct column columns[] = { COLUMN(all_row, text, TEXT) };
	static const struct row_shape shape = ROW_SHAPE(all_row, columns);
	static const struct sql wrong_type = { "wrong_type", "", "SELECT 1" }, two = { "two", "", "SELECT 'a', 'b'" };
	struct err err = { 0 };
	struct all_row *rows;
	AUTO_PARAMS params, more;
	size_t count;

	params_init(&params, &wrong_type);
	params_init(&more, &two);
	assert_int_equal(store_read(f.store, &params, &shape, &arena, &rows, &count, &err), ERR_FAILED);
	assert_int_equal(store_read(f.store, &more, &shape, &arena, &rows, &count, &err), ERR_FAILED);
	assert_string_equal(err.message, "two: statement gives 2 columns, but its row has 1");
}

static void an_error_in_a_transaction_undoes_it_whole(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(store_command(f.store, "CREATE TABLE scratch (a int PRIMARY KEY)", &err), 0);
	assert_int_equal(store_begin(f.store, &err), 0);
	assert_int_equal(store_command(f.store, "INSERT INTO scratch VALUES (1)", &err), 0);
	assert_int_equal(store_command(f.store, "INSERT INTO scratch VALUES (1)", &err), ERR_SYNTAX);
	assert_non_null(strstr(err.message, "duplicate key"));
	assert_int_equal(store_commit(f.store, &err), ERR_FAILED);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM scratch"), 0);
}

static void a_reading_transaction_sees_one_moment_and_writes_nothing(void **state UNUSED)
{
	struct err err = { 0 };
	struct store *other;

	assert_int_equal(store_open(f.conninfo, &other, &err), 0);
	assert_int_equal(store_begin_reading(other, &err), 0);
	assert_int_equal(fixture_number(other, "SELECT count(*) FROM scratch"), 0);
	assert_int_equal(store_command(f.store, "INSERT INTO scratch VALUES (2)", &err), 0);
	assert_int_equal(fixture_number(other, "SELECT count(*) FROM scratch"), 0);
	assert_int_equal(store_command(other, "INSERT INTO scratch VALUES (3)", &err), ERR_FAILED);
	store_rollback(other);
	assert_int_equal(fixture_number(other, "SELECT count(*) FROM scratch"), 1);
	store_close(other);
}

static void a_connection_that_was_cut_is_made_again(void **state UNUSED)
{
	struct err err = { 0 };
	struct store *other;

	assert_int_equal(store_open(f.conninfo, &other, &err), 0);
	assert_int_equal(store_begin(other, &err), 0);
	assert_int_equal(store_command(f.store,
				       "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
				       "pg_backend_pid() AND backend_type = 'client backend'",
				       &err),
			 0);
	/* What was begun is lost, and says so until it is given up. */
	assert_int_equal(store_command(other, "SELECT 1", &err), ERR_UNREACHABLE);
	assert_int_equal(store_command(other, "SELECT 1", &err), ERR_UNREACHABLE);
	assert_int_equal(store_commit(other, &err), ERR_UNREACHABLE);
	assert_int_equal(store_begin(other, &err), 0);
	assert_int_equal(store_commit(other, &err), 0);
	store_close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_comes_back_as_it_went),
		cmocka_unit_test(arrays_hold_many_values_or_none),
		cmocka_unit_test(times_at_the_ends_of_the_range_survive),
		cmocka_unit_test(a_row_that_does_not_fit_its_statement_is_refused),
		cmocka_unit_test(an_error_in_a_transaction_undoes_it_whole),
		cmocka_unit_test(a_reading_transaction_sees_one_moment_and_writes_nothing),
		cmocka_unit_test(a_connection_that_was_cut_is_made_again),
	};
	int failed;

	fixture_open(&f);
	arena_init(&arena, 16u << 20);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	fixture_close(&f);
	return failed;
}
