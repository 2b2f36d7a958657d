#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/archive/expired.h"
#include "collector/archive/restore.h"
#include "collector/store/retention.h"
#include "collector/store/writer.h"
#include "fixture.h"
#include "wire/wire.h"

#define STORY_NS (1764158705 * NS_PER_S) /* when the fixture's story begins; it lasts two days */
#define DAY_NS	 (INT64_C(86400) * NS_PER_S)

static struct fixture f;
static struct partitions partitions;
static char folder[128];

static void write_batch_of(int64_t tenant, bool is_cloud, uint64_t batch_no)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct write_result result;
	struct err err = { 0 };
	struct batch batch;
	AUTO_ARENA arena;

	arena_init(&arena, 64u << 20);
	story_encode(
		&(struct story){ .stream = 1 + is_cloud, .is_cloud = is_cloud, .batch_no = batch_no, .rules = "v1" },
		&frame);
	if (wire_batch_decode(frame.data, frame.length, &arena, &batch, &err) < 0 ||
	    write_batch(f.store, &partitions, tenant, &batch, &result, &err) < 0)
		fail_msg("%s", err.message);
}

static void write_story(int64_t tenant, bool is_cloud)
{
	write_batch_of(tenant, is_cloud, 1);
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

	if (retention_set(f.store, tenant, source, days, false, &err) < 0)
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

static int64_t days_of_the_story(void)
{
	return fixture_number(f.store,
			      "SELECT count(*) FROM pg_class WHERE relname LIKE 'event_2025%' AND relkind = 'r'");
}

static void check_nothing_of(int64_t tenant)
{
	static const char *const tables[] = { "event", "alert", "assertion", "coverage_mark" };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++)
		assert_int_equal(count_of(tables[i], tenant), 0);
}

/* What comes for a day that has no partition any more ends at once; what made its partition anew, with the next day. */
static void what_comes_late_ends_too(void **state UNUSED)
{
	set(3, "agent", 10);
	set(3, "cloudtrail", 10);
	write_story(3, true);
	assert_int_equal(apply(STORY_NS + 20 * DAY_NS).events, STORY_EVENTS);
	assert_int_equal(days_of_the_story(), 0);
	partitions_fini(&partitions);
	partitions_init(&partitions);
	write_batch_of(3, false, 2);
	write_batch_of(3, true, 2);
	assert_true(days_of_the_story() > 0);
	assert_int_equal(count_of("event", 3), 2 * STORY_EVENTS);
	apply(STORY_NS + 20 * DAY_NS);
	apply(STORY_NS + 21 * DAY_NS);
	check_nothing_of(3);
	assert_int_equal(days_of_the_story(), 0);
	write_batch_of(3, false, 3);
	assert_int_equal(apply(STORY_NS + 21 * DAY_NS).events, STORY_EVENTS);
	check_nothing_of(3);
}

static void end_protection(int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;
	struct err err = { 0 };

	strbuf_addf(&sql, "UPDATE archived_day SET kept_until = now() - interval '1 second' WHERE tenant_id = %lld",
		    (long long)tenant);
	assert_int_equal(store_command(f.store, sql.data, &err), 0);
}

static int64_t archive_expired(int64_t now_ns)
{
	struct err err = { 0 };
	int64_t events;

	if (expired_archive(f.store, folder, NULL, now_ns, &events, &err) < 0)
		fail_msg("%s", err.message);
	return events;
}

static void restore_story(int64_t tenant)
{
	const struct restore_conf conf = { .folder = folder,
					   .tenant = tenant,
					   .from_ns = STORY_NS / DAY_NS * DAY_NS,
					   .until_ns = STORY_NS / DAY_NS * DAY_NS + 3 * DAY_NS,
					   .kept_until_ns = time_now_ns() + DAY_NS };
	struct restore_done *done;
	struct err err = { 0 };
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, 1u << 20);
	if (restore_run(f.store, &conf, &arena, &done, &count, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(count_of("event", tenant), STORY_EVENTS);
}

/* Into the archive at its time, back when asked for, left alone while it is kept, and gone again after that. */
static void what_is_archived_comes_back_for_a_while(void **state UNUSED)
{
	const int64_t now = STORY_NS + 20 * DAY_NS;
	AUTO_FREE char *before = NULL, *after = NULL;
	struct err err = { 0 };

	assert_int_equal(retention_set(f.store, 4, "cloudtrail", 10, true, &err), 0);
	set(4, "agent", 10);
	set(4, "scan", 10);
	write_story(4, true);
	before = fixture_digest(f.store, 4);
	assert_int_equal(apply(now).days, 0);
	assert_int_equal(count_of("event", 4), STORY_EVENTS);
	assert_int_equal(archive_expired(STORY_NS + 5 * DAY_NS), 0);
	assert_int_equal(archive_expired(now), STORY_EVENTS);
	check_nothing_of(4);
	apply(now);
	assert_int_equal(count_of("entity", 4), 0);
	restore_story(4);
	after = fixture_digest(f.store, 4);
	assert_string_equal(before, after);
	assert_int_equal(archive_expired(now), 0);
	apply(now);
	assert_int_equal(count_of("event", 4), STORY_EVENTS);
	assert_true(count_of("entity", 4) > 0);
	end_protection(4);
	assert_int_equal(archive_expired(now), STORY_EVENTS);
	check_nothing_of(4);
	/* The same, where retention deletes by itself. */
	restore_story(4);
	set(4, "cloudtrail", 10);
	apply(now);
	apply(now);
	assert_int_equal(count_of("event", 4), STORY_EVENTS);
	end_protection(4);
	apply(now);
	check_nothing_of(4);
}

/* Named by nothing that is kept, and not of late. */
static void an_origin_ends_with_its_last_event(void **state UNUSED)
{
	static const char aged[] = "UPDATE origin SET last_seen = '2025-11-26' WHERE tenant_id = 5";
	struct err err = { 0 };

	set(5, "agent", 10);
	set(5, "cloudtrail", 10);
	set(5, "scan", 10);
	write_batch_of(5, true, 7);
	write_batch_of(5, false, 7);
	assert_int_equal(count_of("origin", 5), 2);
	apply(STORY_NS + 20 * DAY_NS);
	assert_int_equal(count_of("event", 5), 0);
	assert_int_equal(count_of("origin", 5), 2);
	assert_int_equal(store_command(f.store, aged, &err), 0);
	apply(STORY_NS + 12 * DAY_NS);
	assert_int_equal(count_of("origin", 5), 2);
	/* An event of the year 2031 names it: such are in the default partition, and stay. */
	assert_int_equal(
		store_command(f.store,
			      "INSERT INTO event (tenant_id, event_id, ts, received_at, kind, type, origin_id, "
			      "raw) SELECT 5, '01010101-0101-0101-0101-010101010101', '2031-01-01', now(), 1, 'x', "
			      "min(origin_id), '' FROM origin WHERE tenant_id = 5",
			      &err),
		0);
	apply(STORY_NS + 20 * DAY_NS);
	assert_int_equal(count_of("origin", 5), 1);
	assert_int_equal(store_command(f.store, "DELETE FROM event WHERE tenant_id = 5", &err), 0);
	apply(STORY_NS + 20 * DAY_NS);
	assert_int_equal(count_of("origin", 5), 0);
	/* A batch that names it writes it again. */
	write_batch_of(5, false, 8);
	assert_int_equal(count_of("origin", 5), 1);
}

static void a_source_that_is_none_is_refused(void **state UNUSED)
{
	struct err err = { 0 };

	assert_int_equal(retention_set(f.store, 1, "everything", 1, false, &err), ERR_USAGE);
	set(1, "agent", 0);
	assert_int_equal(count_of("retention", 1), 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_ends_and_the_other_stays),
		cmocka_unit_test(a_day_that_one_tenant_keeps_is_not_dropped),
		cmocka_unit_test(what_nobody_keeps_goes_whole),
		cmocka_unit_test(what_comes_late_ends_too),
		cmocka_unit_test(what_is_archived_comes_back_for_a_while),
		cmocka_unit_test(an_origin_ends_with_its_last_event),
		cmocka_unit_test(a_source_that_is_none_is_refused),
	};
	int failed;

	fixture_open(&f);
	snprintf(folder, sizeof(folder), "%s/archive", f.state);
	partitions_init(&partitions);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	partitions_fini(&partitions);
	fixture_close(&f);
	return failed;
}
