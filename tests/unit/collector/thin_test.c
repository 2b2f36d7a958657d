#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/query.h"
#include "collector/store/thin.h"
#include "collector/store/writer.h"
#include "fixture.h"
#include "wire/wire.h"

#define NUMBERS 400

static struct fixture f;
static struct partitions partitions;

static void must(int code, const struct err *err)
{
	if (code < 0)
		fail_msg("%s", err->message);
}

/* A batch without events: only its key matters. */
static bool is_stored_before(int64_t tenant, uint64_t epoch, uint64_t batch_no)
{
	struct batch batch = { .epoch = epoch, .batch_no = batch_no };
	struct write_result result;
	struct err err = { 0 };

	memset(batch.stream_id, 1, STREAM_ID_SIZE);
	batch.origin = (struct origin){ .mode = ORIGIN_TASK, .agent = "web-1" };
	must(write_batch(f.store, &partitions, tenant, &batch, &result, &err), &err);
	return result.is_repeated;
}

static int64_t thin(int64_t before_ns)
{
	struct err err = { 0 };
	int64_t rows;

	must(thin_batches(f.store, before_ns, 0, &rows, &err), &err);
	return rows;
}

static int64_t rows_of(int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "SELECT count(*) FROM ingest_batch WHERE tenant_id = %lld", (long long)tenant);
	return fixture_number(f.store, sql.data);
}

/* What an investigation is told of losses, as one text. */
static char *losses_of(int64_t tenant)
{
	uint8_t streams[1][STREAM_ID_SIZE];
	const struct loss_filter filter = { (const uint8_t(*)[STREAM_ID_SIZE])streams, 1, NS_PER_S, INT64_MAX / 2,
					    INT64_MAX / 2 };
	AUTO_STRBUF text = STRBUF_INIT;
	struct err err = { 0 };
	struct loss_row *rows;
	AUTO_ARENA arena;
	size_t count;

	memset(streams, 1, sizeof(streams));
	arena_init(&arena, 1u << 20);
	must(query_losses(f.store, tenant, &filter, &arena, &rows, &count, &err), &err);
	for (size_t i = 0; i < count; i++)
		strbuf_addf(&text, "%d %s %lld %lld %lld\n", (int)rows[i].kind, rows[i].reason,
			    (long long)rows[i].count, (long long)rows[i].since, (long long)rows[i].until);
	return strbuf_take(&text);
}

static void an_unbroken_run_becomes_two_rows(void **state UNUSED)
{
	for (uint64_t i = 1; i <= 50; i++)
		assert_false(is_stored_before(1, 1, i));
	assert_int_equal(thin(time_now_ns()), 48);
	assert_int_equal(rows_of(1), 2);
	for (uint64_t i = 1; i <= 50; i++)
		assert_true(is_stored_before(1, 1, i));
	assert_false(is_stored_before(1, 1, 51));
	assert_int_equal(rows_of(1), 3);
}

static void what_is_young_stays(void **state UNUSED)
{
	int64_t before_ns = time_now_ns() - NS_PER_S;

	for (uint64_t i = 1; i <= 10; i++)
		is_stored_before(2, 1, i);
	assert_int_equal(thin(before_ns), 0);
	assert_int_equal(rows_of(2), 10);
}

/* Numbers come in any order, some never, over two epochs; thinned out after every few: nothing that is asked shows it. */
static void holes_and_claims_are_the_same_before_and_after(void **state UNUSED)
{
	static bool is_stored[3][NUMBERS + 1];
	uint32_t random = 12345;

	for (int step = 0; step < 3 * NUMBERS; step++) {
		uint64_t epoch, number;

		random = random * 1664525 + 1013904223;
		epoch = 1 + (random >> 16) % 2;
		number = 1 + (random >> 20) % NUMBERS;
		assert_int_equal(is_stored_before(3, epoch, number), is_stored[epoch][number]);
		is_stored[epoch][number] = true;
		if (step % 200 == 199) {
			AUTO_FREE char *before = losses_of(3), *after = NULL;

			assert_true(thin(time_now_ns()) > 0);
			after = losses_of(3);
			assert_string_equal(before, after);
		}
	}
	assert_true(rows_of(3) < NUMBERS);
	assert_int_equal(fixture_number(f.store, "SELECT batches FROM stream WHERE tenant_id = 3"),
			 fixture_number(f.store,
					"SELECT (SELECT count(*) FROM ingest_batch WHERE tenant_id = 3) + "
					"(SELECT sum(upper(r) - lower(r)) FROM ingest_run i, unnest(numbers) "
					"r WHERE tenant_id = 3) - (SELECT count(*) FROM ingest_batch b JOIN "
					"ingest_run i USING (tenant_id, stream_id, epoch) WHERE tenant_id = 3 "
					"AND numbers @> batch_no)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unbroken_run_becomes_two_rows),
		cmocka_unit_test(what_is_young_stays),
		cmocka_unit_test(holes_and_claims_are_the_same_before_and_after),
	};
	int failed;

	fixture_open(&f);
	partitions_init(&partitions);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	partitions_fini(&partitions);
	fixture_close(&f);
	return failed;
}
