#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/time.h"
#include "collector/store/rebuild.h"
#include "collector/store/writer.h"
#include "fixture.h"
#include "wire/wire.h"

#define BATCHES 6

static struct fixture f;
static struct partitions partitions;

static void write_story(struct store *store, int64_t tenant, const struct story *story, struct write_result *result)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err = { 0 };
	struct batch batch;
	AUTO_ARENA arena;

	arena_init(&arena, 64u << 20);
	story_encode(story, &frame);
	if (wire_batch_decode(frame.data, frame.length, &arena, &batch, &err) < 0 ||
	    write_batch(store, &partitions, tenant, &batch, result, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(result->underived, 0);
}

static void write_agent(int64_t tenant, uint64_t batch_no)
{
	struct write_result result;

	write_story(f.store, tenant, &(struct story){ .stream = 1, .batch_no = batch_no, .rules = "v1" }, &result);
}

static void write_cloud(int64_t tenant, uint8_t stream, uint64_t batch_no)
{
	struct write_result result;

	write_story(f.store, tenant,
		    &(struct story){ .stream = stream, .is_cloud = true, .batch_no = batch_no, .rules = "v1" },
		    &result);
}

static int64_t count_of(const char *table, int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "SELECT count(*) FROM %s WHERE tenant_id = %lld", table, (long long)tenant);
	return fixture_number(f.store, sql.data);
}

/* Tenant 1 gets everything once and in order: what all others must equal. */
static char *expected_digest(void)
{
	static bool is_written;

	if (!is_written) {
		for (uint64_t i = 1; i <= BATCHES; i++) {
			write_agent(1, i);
			write_cloud(1, 2, i);
		}
		is_written = true;
	}
	return fixture_digest(f.store, 1);
}

static void all_that_a_batch_holds_is_stored(void **state UNUSED)
{
	AUTO_FREE char *digest = expected_digest();

	assert_int_equal(strlen(digest), 32);
	assert_int_equal(count_of("event", 1), 2 * BATCHES * STORY_EVENTS);
	assert_int_equal(count_of("alert", 1), 2 * BATCHES * STORY_EVENTS / 4);
	assert_int_equal(count_of("stream", 1), 2);
	assert_int_equal(count_of("origin", 1), 2);
	assert_int_equal(count_of("declared_drop", 1), 2);
	assert_true(count_of("entity", 1) > 10);
	assert_true(count_of("assertion", 1) > 10);
	assert_true(count_of("coverage_mark", 1) > 0);
}

static void a_batch_sent_again_changes_nothing(void **state UNUSED)
{
	struct story story = { .stream = 1, .batch_no = 1, .rules = "v1" };
	AUTO_FREE char *before = expected_digest(), *after = NULL;
	struct write_result result;

	write_story(f.store, 1, &story, &result);
	after = fixture_digest(f.store, 1);
	assert_true(result.is_repeated);
	assert_string_equal(before, after);
}

static void the_order_of_batches_does_not_show(void **state UNUSED)
{
	static const uint64_t order[BATCHES] = { 4, 1, 6, 2, 5, 3 };
	AUTO_FREE char *expected = expected_digest(), *shuffled = NULL;

	for (size_t i = 0; i < BATCHES; i++) {
		write_cloud(2, 2, order[i]);
		write_agent(2, order[BATCHES - 1 - i]);
		write_agent(2, order[i]);
	}
	shuffled = fixture_digest(f.store, 2);
	assert_string_equal(expected, shuffled);
}

static void records_that_two_readers_send_are_stored_once(void **state UNUSED)
{
	AUTO_FREE char *expected = expected_digest(), *doubled = NULL;

	for (uint64_t i = 1; i <= BATCHES; i++)
		write_cloud(3, 9, BATCHES + 1 - i);
	for (uint64_t i = 1; i <= BATCHES; i++) {
		write_agent(3, i);
		write_cloud(3, 2, i);
	}
	doubled = fixture_digest(f.store, 3);
	assert_int_equal(count_of("event", 3), 2 * BATCHES * STORY_EVENTS);
	assert_string_equal(expected, doubled);
}

static void a_rebuild_gives_the_same_rows(void **state UNUSED)
{
	AUTO_FREE char *expected = expected_digest(), *rebuilt = NULL;
	uint64_t events = 0, underived = 0;
	struct err err = { 0 };

	assert_int_equal(
		store_command(f.store, "UPDATE event SET task_id = 5, actor_id = NULL WHERE tenant_id = 1", &err), 0);
	assert_int_equal(store_command(f.store, "UPDATE entity SET key = 'wrong' WHERE tenant_id = 1", &err), 0);
	assert_int_equal(store_command(f.store, "DELETE FROM assertion WHERE tenant_id = 1", &err), 0);
	if (rebuild(f.store, 1, &events, &underived, &err) < 0)
		fail_msg("%s", err.message);
	rebuilt = fixture_digest(f.store, 1);
	assert_int_equal(events, 2 * BATCHES * STORY_EVENTS);
	assert_int_equal(underived, 0);
	assert_string_equal(expected, rebuilt);
}

static void readers_with_other_rules_add_their_alerts_in_any_order(void **state UNUSED)
{
	static const char *const versions[2][3] = { { "v1", NULL, "v2" }, { "v2", "v1", NULL } };
	AUTO_FREE char *first = NULL, *second = NULL, *rebuilt = NULL;
	uint64_t events, underived;
	struct err err = { 0 };

	for (int64_t tenant = 4; tenant <= 5; tenant++) {
		for (uint8_t reader = 0; reader < 3; reader++) {
			struct story story = { .stream = (uint8_t)(20 + reader),
					       .is_cloud = true,
					       .batch_no = 1,
					       .rules = versions[tenant - 4][reader] };
			struct write_result result;

			write_story(f.store, tenant, &story, &result);
		}
	}
	first = fixture_digest(f.store, 4);
	second = fixture_digest(f.store, 5);
	assert_int_equal(count_of("alert", 4), 2 * STORY_EVENTS / 4);
	assert_string_equal(first, second);
	assert_int_equal(rebuild(f.store, 5, &events, &underived, &err), 0);
	rebuilt = fixture_digest(f.store, 5);
	assert_string_equal(first, rebuilt);
}

struct sender {
	pthread_t thread;
	uint8_t stream;
};

/* Every sender has its own reader's stream, all send the same records and the same agent's batches. */
static void *send_all(void *context)
{
	struct sender *sender = context;
	struct write_result result;
	struct err err = { 0 };
	struct store *store;

	if (store_open(f.conninfo, &store, &err) < 0)
		return "could not connect";
	for (uint64_t i = 0; i < BATCHES; i++) {
		uint64_t batch_no = 1 + (i + sender->stream) % BATCHES;

		write_story(store, 6,
			    &(struct story){
				    .stream = sender->stream, .is_cloud = true, .batch_no = batch_no, .rules = "v1" },
			    &result);
		write_story(store, 6, &(struct story){ .stream = 1, .batch_no = batch_no, .rules = "v1" }, &result);
	}
	store_close(store);
	return NULL;
}

static void senders_at_the_same_time_give_the_same_rows(void **state UNUSED)
{
	AUTO_FREE char *expected = expected_digest(), *crowded = NULL;
	struct sender senders[4];

	for (uint8_t i = 0; i < ARRAY_SIZE(senders); i++) {
		senders[i].stream = (uint8_t)(30 + i);
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(senders); i++) {
		void *problem;

		pthread_join(senders[i].thread, &problem);
		assert_null(problem);
	}
	crowded = fixture_digest(f.store, 6);
	assert_string_equal(expected, crowded);
}

static void a_wrong_clock_makes_no_partition_and_loses_nothing(void **state UNUSED)
{
	struct event event = { .seq = 1, .kind = EVENT_EXIT, .type = "exit", .time_ns = INT64_MAX };
	struct batch batch = { .epoch = 1, .batch_no = 1, .events = &event, .event_count = 1 };
	const int64_t times[] = { INT64_MAX, 0, NS_PER_S, 4102444800 * NS_PER_S };
	int64_t before = fixture_number(f.store, "SELECT count(*) FROM pg_inherits");
	struct err err = { 0 };

	batch.origin.mode = ORIGIN_HOST;
	batch.origin.agent = "agent";
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		AUTO_STRBUF frame = STRBUF_INIT;
		struct write_result result;
		struct batch decoded;
		AUTO_ARENA arena;

		arena_init(&arena, 16u << 20);
		event.time_ns = times[i];
		batch.batch_no = i + 1;
		if (wire_batch_encode(&batch, &frame, &err) < 0 ||
		    wire_batch_decode(frame.data, frame.length, &arena, &decoded, &err) < 0 ||
		    write_batch(f.store, &partitions, 7, &decoded, &result, &err) < 0)
			fail_msg("%s", err.message);
		assert_int_equal(result.stored, 1);
	}
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM pg_inherits"), before);
	assert_int_equal(count_of("event", 7), ARRAY_SIZE(times));
}

/* A workload chooses its paths, an agent its name: none may keep a batch, and its alerts, from being stored. */
static void texts_of_any_length_and_content_are_stored(void **state UNUSED)
{
	static char path[60000], agent[20000];
	static const char *const args[] = { path };
	const struct process process = { .exec_id = 1,
					 .name = path,
					 .exe_path = path,
					 .cwd = path,
					 .user = path,
					 .container = agent,
					 .args = args,
					 .arg_count = 1 };
	const struct file_change file = { .op = FILE_OP_RENAME, .path = path, .target = path };
	const struct container container = { .id = agent, .name = agent, .image = agent, .image_id = agent };
	const struct ecs_task task = { .arn = agent, .cluster = agent, .family = agent, .service = agent };
	const struct alert_field field = { .name = "x", .json = path };
	const struct alert alert = { .rule = agent,
				     .rule_version = agent,
				     .source = agent,
				     .output = path,
				     .priority = PRIORITY_ERROR,
				     .fields = &field,
				     .field_count = 1 };
	struct event event = { .seq = 1,
			       .kind = EVENT_FILE,
			       .type = agent,
			       .time_ns = 1764158705 * NS_PER_S,
			       .process = &process,
			       .file = &file,
			       .alerts = &alert,
			       .alert_count = 1 };
	const struct drop drop = { .reason = agent, .count = UINT64_MAX, .from_ns = 1, .until_ns = 2 };
	struct batch batch = { .epoch = 1, .events = &event, .event_count = 1, .drops = &drop, .drop_count = 1 };
	uint32_t random = 1;

	/* Random, so that compression cannot make it fit; agents' own texts must be UTF-8, paths need not. */
	for (size_t i = 0; i < sizeof(path) - 1; i++) {
		random = random * 1664525 + 1013904223;
		path[i] = (char)(random >> 24 ? random >> 24 : 1);
		if (i < sizeof(agent) - 1)
			agent[i] = (char)('!' + (random >> 24) % 90);
	}
	path[0] = '/';
	batch.origin = (struct origin){ .mode = ORIGIN_TASK,
					.agent = agent,
					.version = agent,
					.hostname = agent,
					.task = &task,
					.containers = &container,
					.container_count = 1 };
	for (size_t length = sizeof(path) - 1; length > 256; length /= 2) {
		AUTO_STRBUF frame = STRBUF_INIT;
		struct write_result result;
		struct err err = { 0 };
		struct batch decoded;
		AUTO_ARENA memory;

		path[length] = '\0';
		agent[length < sizeof(agent) ? length : sizeof(agent) - 1] = '\0';
		arena_init(&memory, 64u << 20);
		batch.batch_no++;
		event.seq++;
		if (wire_batch_encode(&batch, &frame, &err) < 0 ||
		    wire_batch_decode(frame.data, frame.length, &memory, &decoded, &err) < 0 ||
		    write_batch(f.store, &partitions, 8, &decoded, &result, &err) < 0)
			fail_msg("%zu: %s", length, err.message);
	}
	assert_int_equal(count_of("alert", 8), batch.batch_no);
	assert_in_range(fixture_number(f.store, "SELECT max(octet_length(key)) FROM entity WHERE tenant_id = 8"),
			STORE_KEY_MAX / 2, STORE_KEY_MAX);
	assert_int_equal(
		fixture_number(f.store, "SELECT max(octet_length(reason)) FROM declared_drop WHERE tenant_id = 8"),
		STORE_KEY_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_a_batch_holds_is_stored),
		cmocka_unit_test(a_batch_sent_again_changes_nothing),
		cmocka_unit_test(the_order_of_batches_does_not_show),
		cmocka_unit_test(records_that_two_readers_send_are_stored_once),
		cmocka_unit_test(a_rebuild_gives_the_same_rows),
		cmocka_unit_test(readers_with_other_rules_add_their_alerts_in_any_order),
		cmocka_unit_test(senders_at_the_same_time_give_the_same_rows),
		cmocka_unit_test(a_wrong_clock_makes_no_partition_and_loses_nothing),
		cmocka_unit_test(texts_of_any_length_and_content_are_stored),
	};
	int failed;

	fixture_open(&f);
	partitions_init(&partitions);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	partitions_fini(&partitions);
	fixture_close(&f);
	return failed;
}
