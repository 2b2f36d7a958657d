#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <glob.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/time.h"
#include "collector/archive/archive.h"
#include "collector/archive/days.h"
#include "collector/archive/restore.h"
#include "collector/store/halt.h"
#include "collector/store/partitions.h"
#include "collector/store/retention.h"
#include "collector/store/writer.h"
#include "fixture.h"
#include "wire/wire.h"

#define STORY_NS  (1764158705 * NS_PER_S) /* when the fixture's story begins; it lasts two days */
#define FIRST_DAY (STORY_NS / DAY_NS * DAY_NS)
#define LAST_DAY  (FIRST_DAY + 3 * DAY_NS)

static struct fixture f;
static struct partitions partitions;
static char folder[128];

static void write_story(int64_t tenant, const struct story *story, size_t expected)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct write_result result;
	struct err err = { 0 };
	struct batch batch;
	AUTO_ARENA arena;

	arena_init(&arena, 64u << 20);
	story_encode(story, &frame);
	if (wire_batch_decode(frame.data, frame.length, &arena, &batch, &err) < 0 ||
	    write_batch(f.store, &partitions, tenant, &batch, &result, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(result.stored, expected);
}

static void write_all(int64_t tenant)
{
	write_story(tenant, &(struct story){ .stream = 1, .batch_no = 1, .rules = "v1" }, STORY_EVENTS);
	write_story(tenant, &(struct story){ .stream = 2, .is_cloud = true, .batch_no = 1, .rules = "v1" },
		    STORY_EVENTS);
}

struct totals {
	int64_t events, restored, bytes, dropped;
	size_t units;
};

static const struct halt *ends_with; /* of the next archive or restore */

static int archive(int64_t tenant, const char *source, bool drop, struct totals *ret, struct err *err)
{
	const struct archive_conf conf = { .folder = folder,
					   .tenant = tenant,
					   .source = source,
					   .from_ns = FIRST_DAY,
					   .until_ns = LAST_DAY,
					   .drop = drop,
					   .halt = ends_with };
	struct archive_done *done;
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, 16u << 20);
	*ret = (struct totals){ 0 };
	code = archive_run(f.store, &conf, &arena, &done, &ret->units, err);
	for (size_t i = 0; i < ret->units; i++) {
		ret->events += done[i].events;
		ret->bytes += done[i].bytes;
		ret->dropped += done[i].is_dropped ? done[i].events : 0;
	}
	return code;
}

static int restore(int64_t tenant, const char *source, struct totals *ret, struct err *err)
{
	const struct restore_conf conf = { .folder = folder,
					   .tenant = tenant,
					   .source = source,
					   .from_ns = FIRST_DAY,
					   .until_ns = LAST_DAY,
					   .kept_until_ns = time_now_ns() + DAY_NS,
					   .halt = ends_with };
	struct restore_done *done;
	AUTO_ARENA arena;
	int code;

	arena_init(&arena, 16u << 20);
	*ret = (struct totals){ 0 };
	code = restore_run(f.store, &conf, &arena, &done, &ret->units, err);
	for (size_t i = 0; i < ret->units; i++) {
		ret->events += done[i].events;
		ret->restored += done[i].restored;
	}
	return code;
}

static void expect(int code, const struct err *err)
{
	if (code < 0)
		fail_msg("%s", err->message);
}

static int64_t count_of(const char *table, int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "SELECT count(*) FROM %s WHERE tenant_id = %lld", table, (long long)tenant);
	return fixture_number(f.store, sql.data);
}

/* Everything of the events, not only what fixture_digest() looks at; when an origin was last named may differ. */
static char *rows_of(const char *table, int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql,
		    "SELECT md5(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE \"C\"), '')) FROM (SELECT "
		    "(to_jsonb(t) - "
		    "'last_seen')::text AS line FROM %s t WHERE tenant_id = %lld) l",
		    table, (long long)tenant);
	return fixture_text(f.store, sql.data);
}

static int64_t day_partitions(void)
{
	return fixture_number(f.store, "SELECT count(*) FROM pg_class WHERE relname ~ '^event_2025[0-9]{4}$'");
}

/* The path of the one file that the pattern names. */
static void path_of(int64_t tenant, const char *pattern, char out[256])
{
	char whole[256];
	glob_t found;

	snprintf(whole, sizeof(whole), "%s/tenant-%lld/2025/%s", folder, (long long)tenant, pattern);
	assert_int_equal(glob(whole, 0, NULL, &found), 0);
	snprintf(out, 256, "%s", found.gl_pathv[0]);
	globfree(&found);
}

static void all_comes_back_as_it_was(void **state UNUSED)
{
	AUTO_FREE char *events = NULL, *origins = NULL, *derived = NULL;
	struct err err = { 0 };
	struct totals done;

	write_all(1);
	write_all(2);
	events = rows_of("event", 1);
	origins = rows_of("origin", 1);
	derived = fixture_digest(f.store, 1);
	expect(archive(1, NULL, true, &done, &err), &err);
	assert_int_equal(done.events, 2 * STORY_EVENTS);
	assert_int_equal(done.dropped, 2 * STORY_EVENTS);
	assert_true(done.bytes > 0);
	assert_int_equal(count_of("event", 1), 0);
	assert_int_equal(count_of("alert", 1), 0);
	assert_int_equal(count_of("event", 2), 2 * STORY_EVENTS);
	/* As retention would have left it. */
	if (store_command(f.store, "DELETE FROM origin WHERE tenant_id = 1", &err) < 0)
		fail_msg("%s", err.message);
	expect(restore(1, NULL, &done, &err), &err);
	assert_int_equal(done.restored, 2 * STORY_EVENTS);
	AUTO_FREE char *events_after = rows_of("event", 1), *origins_after = rows_of("origin", 1),
		       *derived_after = fixture_digest(f.store, 1);
	assert_string_equal(events, events_after);
	assert_string_equal(origins, origins_after);
	assert_string_equal(derived, derived_after);
}

static void a_second_restore_adds_nothing(void **state UNUSED)
{
	AUTO_FREE char *before = rows_of("event", 1), *after = NULL;
	struct err err = { 0 };
	struct totals done;

	expect(restore(1, NULL, &done, &err), &err);
	assert_int_equal(done.events, 2 * STORY_EVENTS);
	assert_int_equal(done.restored, 0);
	after = rows_of("event", 1);
	assert_string_equal(before, after);
}

/* The same rows make the same file: nothing is written for them again. */
static void what_was_restored_archives_to_the_same_bytes(void **state UNUSED)
{
	struct err err = { 0 };
	struct totals done;

	expect(archive(1, NULL, false, &done, &err), &err);
	assert_int_equal(done.events, 2 * STORY_EVENTS);
	assert_int_equal(done.bytes, 0);
	assert_int_equal(done.dropped, 0);
}

/* Every day is a partition now; the last tenant that leaves it takes it along. */
static void a_day_without_others_goes_as_a_partition(void **state UNUSED)
{
	struct err err = { 0 };
	struct totals done;

	assert_true(day_partitions() > 0);
	expect(archive(1, NULL, true, &done, &err), &err);
	assert_true(day_partitions() > 0);
	assert_int_equal(count_of("event", 2), 2 * STORY_EVENTS);
	expect(archive(2, NULL, true, &done, &err), &err);
	assert_int_equal(day_partitions(), 0);
	expect(restore(2, "agent", &done, &err), &err);
	assert_int_equal(done.restored, STORY_EVENTS);
	expect(restore(2, "cloudtrail", &done, &err), &err);
	expect(restore(1, NULL, &done, &err), &err);
	assert_int_equal(count_of("event", 1), 2 * STORY_EVENTS);
	assert_true(day_partitions() > 0);
}

static void late_events_become_a_part_of_their_own(void **state UNUSED)
{
	struct err err = { 0 };
	struct totals done;

	write_all(3);
	expect(archive(3, "cloudtrail", true, &done, &err), &err);
	assert_int_equal(done.dropped, STORY_EVENTS);
	write_story(3, &(struct story){ .stream = 2, .is_cloud = true, .batch_no = 2 }, STORY_EVENTS);
	expect(archive(3, "cloudtrail", true, &done, &err), &err);
	assert_int_equal(done.dropped, STORY_EVENTS);
	assert_int_equal(count_of("event", 3), STORY_EVENTS);
	expect(restore(3, "cloudtrail", &done, &err), &err);
	assert_int_equal(done.restored, 2 * STORY_EVENTS);
	assert_int_equal(count_of("event", 3), 3 * STORY_EVENTS);
}

/* An alert that came later changed the event: the archive has both, and the later one is right. */
static void the_later_part_is_right(void **state UNUSED)
{
	AUTO_FREE char *before = NULL, *after = NULL;
	struct err err = { 0 };
	struct totals done;

	write_story(4, &(struct story){ .stream = 2, .is_cloud = true, .batch_no = 1, .rules = "v1" }, STORY_EVENTS);
	expect(archive(4, NULL, false, &done, &err), &err);
	write_story(4, &(struct story){ .stream = 3, .is_cloud = true, .batch_no = 1, .rules = "v2" }, 0);
	before = rows_of("event", 4);
	expect(archive(4, NULL, true, &done, &err), &err);
	assert_int_equal(done.dropped, STORY_EVENTS);
	expect(restore(4, NULL, &done, &err), &err);
	assert_int_equal(done.restored, STORY_EVENTS);
	after = rows_of("event", 4);
	assert_string_equal(before, after);
}

static void another_event_in_its_place_is_refused(void **state UNUSED)
{
	AUTO_FREE char *before = NULL, *after = NULL;
	struct err err = { 0 };
	struct totals done;

	assert_int_equal(
		store_command(f.store,
			      "UPDATE event SET raw = raw || '\\x00' WHERE tenant_id = 4 AND event_id = (SELECT "
			      "min(event_id::text)::uuid FROM event WHERE tenant_id = 4)",
			      &err),
		0);
	before = rows_of("event", 4);
	assert_int_equal(restore(4, NULL, &done, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "1 events are in the database with another content"));
	after = rows_of("event", 4);
	assert_string_equal(before, after);
}

static void change_byte(const char *path, off_t at)
{
	AUTO_FD int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 1;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

/* A bit anywhere, a cut anywhere, a file that is gone: all of it is seen, and nothing is restored from it. */
static void damage_is_seen(void **state UNUSED)
{
	struct err err = { 0 };
	struct totals done;
	char path[256];
	off_t size;

	write_all(5);
	expect(archive(5, NULL, true, &done, &err), &err);
	path_of(5, "*_cloudtrail.1.event.copy.zst", path);
	{
		AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
		size = lseek(fd, 0, SEEK_END);
	}
	for (int i = 0; i < 20; i++) {
		off_t at = size * i / 20;

		change_byte(path, at);
		assert_int_equal(restore(5, "cloudtrail", &done, &err), ERR_SYNTAX);
		change_byte(path, at);
	}
	{
		AUTO_STRBUF whole = STRBUF_INIT;

		expect(file_read(path, 1u << 20, &whole, &err), &err);
		for (int i = 0; i < 10; i++) {
			assert_int_equal(truncate(path, size * i / 10), 0);
			assert_int_equal(restore(5, "cloudtrail", &done, &err), ERR_SYNTAX);
		}
		assert_int_equal(unlink(path), 0);
		assert_int_equal(restore(5, "cloudtrail", &done, &err), ERR_SYNTAX);
		expect(file_write_atomic(path, whole.data, whole.length, 0600, &err), &err);
	}
	assert_int_equal(count_of("event", 5), 0);
	expect(restore(5, NULL, &done, &err), &err);
	assert_int_equal(count_of("event", 5), 2 * STORY_EVENTS);
}

/* Nothing is dropped on the strength of files that have gone bad since. */
static void a_damaged_archive_is_mended_before_rows_are_dropped(void **state UNUSED)
{
	AUTO_FREE char *before = rows_of("event", 5), *after = NULL;
	struct err err = { 0 };
	struct totals done;
	char path[256];

	path_of(5, "*_agent.1.event.copy.zst", path);
	change_byte(path, 40);
	expect(archive(5, NULL, true, &done, &err), &err);
	assert_true(done.bytes > 0);
	assert_int_equal(done.dropped, 2 * STORY_EVENTS);
	expect(restore(5, NULL, &done, &err), &err);
	after = rows_of("event", 5);
	assert_string_equal(before, after);
}

static void replace_in(const char *path, const char *old, const char *new)
{
	AUTO_STRBUF text = STRBUF_INIT, changed = STRBUF_INIT;
	struct err err = { 0 };
	char *at;

	expect(file_read(path, 1u << 20, &text, &err), &err);
	at = strstr(text.data, old);
	assert_non_null(at);
	strbuf_add(&changed, text.data, (size_t)(at - text.data));
	strbuf_adds(&changed, new);
	strbuf_adds(&changed, at + strlen(old));
	expect(file_write_atomic(path, changed.data, changed.length, 0600, &err), &err);
}

static void what_another_program_wrote_is_refused_with_what_to_do(void **state UNUSED)
{
	static const struct {
		const char *old, *new, *message;
	} cases[] = {
		{ "\"schema\": \"00", "\"schema\": \"99", "secctl db migrate" },
		{ "\"format\": 1", "\"format\": 2", "restore it with the program that wrote it" },
		{ "tenant_id, event_id", "tenant_id, id", "restore it with the program that wrote it" },
		{ "\"file\": \"event", "\"file\": \"../event", "has no file" },
		{ "\"tenant\": 5", "\"tenant\": 6", "another tenant" },
	};
	struct err err = { 0 };
	struct totals done;
	char path[256];

	path_of(5, "event_*_agent.json", path);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		replace_in(path, cases[i].old, cases[i].new);
		assert_true(restore(5, "agent", &done, &err) < 0);
		if (!strstr(err.message, cases[i].message))
			fail_msg("%s", err.message);
		replace_in(path, cases[i].new, cases[i].old);
	}
	expect(restore(5, "agent", &done, &err), &err);
}

/* Commits what it has open once somebody waits for the day's lock. */
static void *commit_when_waited_for(void *context)
{
	struct store *late = context, *watch;
	struct err err = { 0 };

	if (store_open(f.conninfo, &watch, &err) < 0)
		return "could not connect";
	while (fixture_number(watch, "SELECT count(*) FROM pg_locks WHERE NOT granted") == 0)
		usleep(10000);
	store_close(watch);
	return store_commit(late, &err) < 0 ? "could not commit" : NULL;
}

/* An event that comes between the reading and the dropping: nothing is dropped, and the next run archives it, too. */
static void what_comes_while_it_is_archived_is_not_dropped(void **state UNUSED)
{
	struct err err = { 0 };
	struct totals done;
	struct store *late;
	pthread_t thread;
	void *complaint;

	if (getenv("CLEWLINE_FIXTURE"))
		return; /* waits of other nodes cannot be seen here */
	write_story(6, &(struct story){ .stream = 2, .is_cloud = true, .batch_no = 1 }, STORY_EVENTS);
	assert_int_equal(store_open(f.conninfo, &late, &err), 0);
	assert_int_equal(store_begin(late, &err), 0);
	assert_int_equal(
		store_command(
			late,
			"INSERT INTO event SELECT tenant_id, '01010101-0101-0101-0101-010101010101', ts, "
			"received_at, kind, type, origin_id, stream_id, task_id, actor_id, raw FROM event WHERE "
			"tenant_id = 6 ORDER BY ts LIMIT 1",
			&err),
		0);
	assert_int_equal(pthread_create(&thread, NULL, commit_when_waited_for, late), 0);
	assert_int_equal(archive(6, NULL, true, &done, &err), ERR_AGAIN);
	assert_non_null(strstr(err.message, "came or changed while they were archived; nothing was dropped"));
	assert_int_equal(pthread_join(thread, &complaint), 0);
	assert_null(complaint);
	store_close(late);
	assert_int_equal(count_of("event", 6), STORY_EVENTS + 1);
	expect(archive(6, NULL, true, &done, &err), &err);
	assert_int_equal(done.dropped, STORY_EVENTS + 1);
	expect(restore(6, NULL, &done, &err), &err);
	assert_int_equal(done.restored, STORY_EVENTS + 1);
}

static void of_another_tenant_nothing_is_found(void **state UNUSED)
{
	struct err err = { 0 };
	struct totals done;

	assert_int_equal(restore(77, NULL, &done, &err), ERR_NOT_FOUND);
	assert_int_equal(restore(5, "scan", &done, &err), ERR_NOT_FOUND);
	assert_int_equal(restore(5, "everything", &done, &err), ERR_USAGE);
	assert_int_equal(archive(5, "everything", false, &done, &err), ERR_USAGE);
}

static struct halt *halt;

/* A statement that would take an hour; the error, or NULL. */
static void *sleep_long(void *store)
{
	static struct err err;
	struct halt_work *work;

	err = (struct err){ 0 };
	if (halt_enter(halt, store, &work, &err) < 0)
		return &err;
	store_command(store, "SELECT pg_sleep(3600)", &err);
	halt_leave(halt, work);
	return &err;
}

static void what_takes_long_ends_when_the_collector_stops(void **state UNUSED)
{
	struct err err = { 0 };
	struct totals done;
	struct store *store;
	pthread_t thread;
	void *end;

	halt = halt_new();
	assert_non_null(halt);
	assert_int_equal(store_open(f.conninfo, &store, &err), 0);
	assert_int_equal(pthread_create(&thread, NULL, sleep_long, store), 0);
	/* whether it has begun to sleep or not: it is asked again and again */
	while (fixture_number(f.store, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 0)
		usleep(1000);
	assert_true(halt_all(halt));
	assert_int_equal(pthread_join(thread, &end), 0);
	assert_int_equal(((struct err *)end)->code, ERR_AGAIN);
	/* none begins any more, and an archive that has begun ends at its next step */
	assert_int_equal(((struct err *)sleep_long(store))->code, ERR_AGAIN);
	store_close(store);
	expect(archive(5, NULL, false, &done, &err), &err);
	assert_true(done.units > 0);
	ends_with = halt;
	assert_int_equal(archive(5, NULL, false, &done, &err), ERR_AGAIN);
	assert_non_null(strstr(err.message, "the collector was told to stop"));
	assert_int_equal(done.units, 0);
	assert_int_equal(restore(5, NULL, &done, &err), ERR_AGAIN);
	ends_with = NULL;
	halt_free(halt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_comes_back_as_it_was),
		cmocka_unit_test(a_second_restore_adds_nothing),
		cmocka_unit_test(what_was_restored_archives_to_the_same_bytes),
		cmocka_unit_test(a_day_without_others_goes_as_a_partition),
		cmocka_unit_test(late_events_become_a_part_of_their_own),
		cmocka_unit_test(the_later_part_is_right),
		cmocka_unit_test(another_event_in_its_place_is_refused),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(a_damaged_archive_is_mended_before_rows_are_dropped),
		cmocka_unit_test(what_another_program_wrote_is_refused_with_what_to_do),
		cmocka_unit_test(what_comes_while_it_is_archived_is_not_dropped),
		cmocka_unit_test(of_another_tenant_nothing_is_found),
		cmocka_unit_test(what_takes_long_ends_when_the_collector_stops),
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
