#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/query.h"
#include "fixture.h"

#define SECOND(n) ((INT64_C(1600000000) + (n)) * NS_PER_S)
#define STREAM	  "'01010101-0101-0101-0101-010101010101'"
#define AT(n)	  "to_timestamp(1600000000 + " n ")"

static struct fixture f;
static struct arena arena;

/* Every test has a tenant of its own, with one stream. */
static void insert(int tenant, const char *table, const char *values)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_FREE char *text = NULL;

	strbuf_addf(&sql,
		    "WITH x AS (INSERT INTO %s SELECT %d, " STREAM "::uuid, v.* FROM (VALUES %s) AS v RETURNING 1)",
		    table, tenant, values);
	strbuf_adds(&sql, " SELECT count(*)::text FROM x");
	text = fixture_text(f.store, sql.data);
	assert_string_not_equal(text, "0");
}

static void insert_stream(int tenant)
{
	insert(tenant, "stream", "(2::smallint, 'web-1', '1', 'h', " AT("0") ", " AT("100") ", 1)");
}

static size_t losses_of(int tenant, int64_t since, int64_t until, int64_t settled, struct loss_row **ret)
{
	uint8_t streams[1][STREAM_ID_SIZE];
	const struct loss_filter filter = { (const uint8_t(*)[STREAM_ID_SIZE])streams, 1, since, until, settled };
	struct err err = { 0 };
	size_t count;

	memset(streams, 1, sizeof(streams));
	if (query_losses(f.store, tenant, &filter, &arena, ret, &count, &err) < 0)
		fail_msg("%s", err.message);
	return count;
}

static void declared_losses_are_summed_within_the_window(void **state UNUSED)
{
	struct loss_row *rows;

	insert_stream(1);
	insert(1, "declared_drop",
	       "(1, 1, 'ring-full', 3, " AT("1") ", " AT("2") "), (1, 2, 'ring-full', 4, " AT("5") ", " AT(
		       "6") "),"
			    "(1, 3, 'ring-full', 9, " AT("90") ", " AT("91") ")");
	assert_int_equal(losses_of(1, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].kind, LOSS_DECLARED);
	assert_int_equal(rows[0].count, 7);
	assert_int_equal(rows[0].mode, ORIGIN_TASK);
	assert_string_equal(rows[0].agent, "web-1");
	assert_string_equal(rows[0].reason, "ring-full");
	assert_true(rows[0].since == SECOND(1) && rows[0].until == SECOND(6));
	assert_int_equal(losses_of(1, SECOND(10), SECOND(50), SECOND(500), &rows), 0);
}

static void a_sum_of_losses_does_not_overflow(void **state UNUSED)
{
	struct loss_row *rows;

	insert_stream(2);
	insert(2, "declared_drop",
	       "(1, 1, 'x', 9223372036854775807, " AT("1") ", " AT("2") "),"
									"(1, 2, 'x', 9223372036854775807, " AT(
										"1") ", " AT("2") ")");
	assert_int_equal(losses_of(2, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_true(rows[0].count == INT64_MAX);
}

static void missing_batches_are_told_once_a_later_one_is_old(void **state UNUSED)
{
	struct loss_row *rows;

	insert_stream(3);
	insert(3, "ingest_batch", "(1, 1, 1, " AT("10") "), (1, 4, 1, " AT("20") "), (1, 5, 1, " AT("21") ")");
	assert_int_equal(losses_of(3, SECOND(0), SECOND(50), SECOND(19), &rows), 0);
	assert_int_equal(losses_of(3, SECOND(0), SECOND(50), SECOND(20), &rows), 1);
	assert_int_equal(rows[0].kind, LOSS_BATCHES);
	assert_int_equal(rows[0].count, 2);
	assert_true(rows[0].since == SECOND(10) && rows[0].until == SECOND(20));
	insert(3, "ingest_batch", "(1, 3, 1, " AT("30") "), (1, 2, 1, " AT("31") ")");
	assert_int_equal(losses_of(3, SECOND(0), SECOND(50), SECOND(500), &rows), 0);
}

static void missing_batches_that_the_spool_declared_are_told_once(void **state UNUSED)
{
	struct loss_row *rows;

	insert_stream(4);
	insert(4, "ingest_batch", "(1, 1, 1, " AT("10") "), (1, 3, 1, " AT("20") ")");
	insert(4, "declared_drop", "(1, 3, 'spool-full', 5, " AT("11") ", " AT("12") ")");
	assert_int_equal(losses_of(4, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].kind, LOSS_DECLARED);
}

static void a_new_epoch_is_a_lost_spool(void **state UNUSED)
{
	struct loss_row *rows;

	insert_stream(5);
	insert(5, "ingest_batch", "(1, 1, 1, " AT("10") "), (2, 1, 1, " AT("20") "), (2, 2, 1, " AT("21") ")");
	assert_int_equal(losses_of(5, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].kind, LOSS_SPOOL);
	assert_int_equal(rows[0].count, 1);
	assert_true(rows[0].since == SECOND(10) && rows[0].until == SECOND(20));
}

static void rejected_batches_are_told_once(void **state UNUSED)
{
	struct loss_row *rows;

	insert_stream(6);
	insert(6, "ingest_batch", "(1, 1, 1, " AT("10") "), (1, 3, 1, " AT("20") ")");
	insert(6, "declared_drop", "(1, 3, 'rejected', 5, " AT("11") ", " AT("12") ")");
	assert_int_equal(losses_of(6, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].kind, LOSS_DECLARED);
	assert_string_equal(rows[0].reason, "rejected");
}

static void set(int tenant, const char *assignments)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	AUTO_FREE char *text = NULL;

	strbuf_addf(&sql,
		    "WITH x AS (UPDATE stream SET %s WHERE tenant_id = %d RETURNING 1) SELECT count(*)::text FROM x",
		    assignments, tenant);
	text = fixture_text(f.store, sql.data);
	assert_string_equal(text, "1");
}

static void numbers_that_may_still_arrive_are_not_missing(void **state UNUSED)
{
	struct loss_row *rows;

	/* an alert overtook 2 to 9; its sender says that 5 is the oldest that still waits */
	insert_stream(7);
	insert(7, "ingest_batch", "(1, 1, 1, " AT("10") "), (1, 10, 1, " AT("20") ")");
	set(7, "oldest_waiting = 2");
	assert_int_equal(losses_of(7, SECOND(0), SECOND(50), SECOND(500), &rows), 0);
	set(7, "oldest_waiting = 5");
	assert_int_equal(losses_of(7, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].kind, LOSS_BATCHES);
	assert_int_equal(rows[0].count, 3);
	set(7, "oldest_waiting = 11");
	assert_int_equal(losses_of(7, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].count, 8);
	/* of an epoch that is over, nothing waits */
	set(7, "oldest_waiting = 2, epoch = 2");
	assert_int_equal(losses_of(7, SECOND(0), SECOND(50), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].count, 8);
}

static void who_falls_silent_is_told_and_who_stops_in_order_is_not(void **state UNUSED)
{
	struct loss_row *rows;

	insert_stream(8);
	set(8, "newest_no = 7, stopped_no = 3");
	/* heard at 100: silent when that is long ago, and within a window that reaches so far */
	assert_int_equal(losses_of(8, SECOND(0), SECOND(500), SECOND(99), &rows), 0);
	assert_int_equal(losses_of(8, SECOND(0), SECOND(99), SECOND(500), &rows), 0);
	assert_int_equal(losses_of(8, SECOND(0), SECOND(500), SECOND(500), &rows), 1);
	assert_int_equal(rows[0].kind, LOSS_SILENCE);
	assert_true(rows[0].since == SECOND(100) && rows[0].until == 0);
	set(8, "stopped_no = 7");
	assert_int_equal(losses_of(8, SECOND(0), SECOND(500), SECOND(500), &rows), 0);
	set(8, "newest_no = 8");
	assert_int_equal(losses_of(8, SECOND(0), SECOND(500), SECOND(500), &rows), 1);
	/* a reader of a cloud's records is quiet while there are none */
	set(8, "mode = 4");
	assert_int_equal(losses_of(8, SECOND(0), SECOND(500), SECOND(500), &rows), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(declared_losses_are_summed_within_the_window),
		cmocka_unit_test(a_sum_of_losses_does_not_overflow),
		cmocka_unit_test(missing_batches_are_told_once_a_later_one_is_old),
		cmocka_unit_test(missing_batches_that_the_spool_declared_are_told_once),
		cmocka_unit_test(a_new_epoch_is_a_lost_spool),
		cmocka_unit_test(rejected_batches_are_told_once),
		cmocka_unit_test(numbers_that_may_still_arrive_are_not_missing),
		cmocka_unit_test(who_falls_silent_is_told_and_who_stops_in_order_is_not),
	};
	int failed;

	fixture_open(&f);
	arena_init(&arena, 1u << 20);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	fixture_close(&f);
	return failed;
}
