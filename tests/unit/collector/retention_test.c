#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/retention.h"
#include "collector/store/writer.h"
#include "fixture.h"
#include "wire/wire.h"

#define STORY_NS (1764158705 * NS_PER_S) /* when the fixture's story begins; it lasts two days */
#define DAY_NS	 (INT64_C(86400) * NS_PER_S)

static struct fixture f;
static struct partitions partitions;

static void write_story(int64_t tenant, bool is_cloud)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct write_result result;
	struct err err = { 0 };
	struct batch batch;
	AUTO_ARENA arena;

	arena_init(&arena, 64u << 20);
	story_encode(&(struct story){ .stream = 1 + is_cloud, .is_cloud = is_cloud, .batch_no = 1, .rules = "v1" },
		     &frame);
	if (wire_batch_decode(frame.data, frame.length, &arena, &batch, &err) < 0 ||
	    write_batch(f.store, &partitions, tenant, &batch, &result, &err) < 0)
		fail_msg("%s", err.message);
}

static int64_t count_of(const char *table, int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "SELECT count(*) FROM %s WHERE tenant_id = %lld", table, (long long)tenant);
	return fixture_number(f.store, sql.data);
}

static void set(int64_t tenant, const char *source, int64_t days)
{
	struct err err = { 0 };

	if (retention_set(f.store, tenant, source, days, &err) < 0)
		fail_msg("%s", err.message);
}

static struct retention_result apply(int64_t now_ns)
{
	struct retention_result result;
	struct err err = { 0 };

	if (retention_apply(f.store, now_ns, &result, &err) < 0)
		fail_msg("%s", err.message);
	return result;
}

static char *rows_of(const char *table, int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql,
		    "SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE \"C\"), '')) FROM (SELECT "
		    "(to_jsonb(t) - 'tenant_id')::text AS line FROM %s t WHERE tenant_id = %lld) l",
		    table, (long long)tenant);
	return fixture_text(f.store, sql.data);
}

/* What is left is what there would be had the agent never sent: alerts, links and marks row by row. */
static void a_source_ends_and_the_other_stays(void **state UNUSED)
{
	static const char *const tables[] = { "alert", "assertion", "coverage_mark", "scan" };

	write_story(1, false);
	write_story(1, true);
	write_story(2, true);
	set(1, "agent", 10);
	assert_int_equal(apply(STORY_NS + 5 * DAY_NS).events, 0);
	assert_int_equal(count_of("event", 1), 2 * STORY_EVENTS);
	assert_int_equal(apply(STORY_NS + 20 * DAY_NS).events, STORY_EVENTS);
	assert_int_equal(count_of("event", 1), STORY_EVENTS);
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		AUTO_FREE char *left = rows_of(tables[i], 1), *alone = rows_of(tables[i], 2);

		assert_string_equal(left, alone);
	}
	assert_true(count_of("entity", 1) >= count_of("entity", 2));
	assert_int_equal(apply(STORY_NS + 20 * DAY_NS).events, 0);
}

static void a_day_that_one_tenant_keeps_is_not_dropped(void **state UNUSED)
{
	set(1, "cloudtrail", 10);
	set(1, "scan", 10);
	assert_int_equal(apply(STORY_NS + 20 * DAY_NS).days, 0);
	assert_int_equal(count_of("event", 1), 0);
	assert_int_equal(count_of("event", 2), STORY_EVENTS);
}

static void what_nobody_keeps_goes_whole(void **state UNUSED)
{
	static const char *const tables[] = { "event",	      "alert",	"assertion",  "coverage_mark",
					      "entity_alias", "entity", "entity_fact" };

	set(2, "agent", 10);
	set(2, "cloudtrail", 10);
	set(2, "scan", 10);
	assert_true(apply(STORY_NS + 20 * DAY_NS).days > 0);
	for (int64_t tenant = 1; tenant <= 2; tenant++) {
		for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
			assert_int_equal(count_of(tables[i], tenant), 0);
	}
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM pg_class WHERE relname LIKE 'event_2025%' AND "
						 "relkind = 'r'"),
			 0);
	/* A batch that was stored stays stored: it does not come back with its events. */
	write_story(2, true);
	assert_int_equal(count_of("event", 2), 0);
}

static void a_source_that_is_none_is_refused(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(retention_set(f.store, 1, "everything", 1, &err), ERR_USAGE);
	set(1, "agent", 0);
	assert_int_equal(count_of("retention", 1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_ends_and_the_other_stays),
		cmocka_unit_test(a_day_that_one_tenant_keeps_is_not_dropped),
		cmocka_unit_test(what_nobody_keeps_goes_whole),
		cmocka_unit_test(a_source_that_is_none_is_refused),
	};
	int failed;

	fixture_open(&f);
	partitions_init(&partitions);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	partitions_fini(&partitions);
	fixture_close(&f);
	return failed;
}
