#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "base/time.h"
#include "bus/receiver.h"
#include "collector/intake/queue.h"
#include "collector/store/group.h"
#include "fixture.h"
#include "wire/wire.h"

#define BATCHES 12

static struct fixture f;
static struct partitions partitions;
static struct known *origins;

struct made {
	struct arena arena;
	struct batch batch;
	struct batch_rows rows;
};

static void make(struct made *made, int64_t tenant, const struct story *story)
{
	AUTO_STRBUF frame = STRBUF_INIT;
	struct err err = { 0 };

	arena_init(&made->arena, 64u << 20);
	story_encode(story, &frame);
	if (wire_batch_decode(frame.data, frame.length, &made->arena, &made->batch, &err) < 0 ||
	    batch_rows_init(&made->rows, tenant, &made->batch, false, &err) < 0)
		fail_msg("%s", err.message);
}

static void unmake(struct made *made)
{
	batch_rows_fini(&made->rows);
	arena_fini(&made->arena);
}

static void write_made(struct made *made, size_t count)
{
	const struct write_context context = { f.store, &partitions, origins };
	struct batch_rows *rows[GROUP_BATCHES_MAX];

	for (size_t i = 0; i < count; i++)
		rows[i] = &made[i].rows;
	write_group(&context, rows, count);
}

static int64_t count_of(const char *table, int64_t tenant)
{
	AUTO_STRBUF sql = STRBUF_INIT;

	strbuf_addf(&sql, "SELECT count(*) FROM %s WHERE tenant_id = %lld", table, (long long)tenant);
	return fixture_number(f.store, sql.data);
}

static void a_group_gives_the_same_rows_as_its_batches_alone(void **state UNUSED)
{
	AUTO_FREE char *alone = NULL, *together = NULL;
	struct made made[BATCHES];

	for (int64_t tenant = 1; tenant <= 2; tenant++) {
		for (size_t i = 0; i < BATCHES; i++)
			make(&made[i], tenant,
			     &(struct story){ .stream = (uint8_t)(1 + i % 3),
					      .is_cloud = i % 3 == 2,
					      .batch_no = 1 + i / 3,
					      .rules = "v1" });
		for (size_t i = 0; tenant == 1 && i < BATCHES; i++)
			write_made(&made[i], 1);
		if (tenant == 2)
			write_made(made, BATCHES);
		for (size_t i = 0; i < BATCHES; i++) {
			assert_int_equal(made[i].rows.code, 0);
			assert_int_equal(made[i].rows.result.stored, STORY_EVENTS);
			unmake(&made[i]);
		}
	}
	alone = fixture_digest(f.store, 1);
	together = fixture_digest(f.store, 2);
	assert_string_equal(alone, together);
	assert_int_equal(fixture_number(f.store, "SELECT sum(events) FROM stream WHERE tenant_id = 2"),
			 BATCHES * STORY_EVENTS);
}

static void a_batch_twice_in_one_group_is_stored_once(void **state UNUSED)
{
	const struct story story = { .stream = 1, .batch_no = 1, .rules = "v1" };
	struct made made[3];

	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		make(&made[i], 3, &story);
	write_made(made, ARRAY_SIZE(made));
	assert_false(made[0].rows.result.is_repeated);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		assert_int_equal(made[i].rows.code, 0);
		assert_int_equal(made[i].rows.result.is_repeated, i > 0);
		unmake(&made[i]);
	}
	assert_int_equal(count_of("event", 3), STORY_EVENTS);
	assert_int_equal(fixture_number(f.store, "SELECT batches FROM stream WHERE tenant_id = 3"), 1);
}

/* The server is made to refuse one event, as a bug of ours or of its own would. */
static void a_batch_that_is_refused_does_not_take_others_with_it(void **state UNUSED)
{
	struct err err = { 0 };
	struct made made[BATCHES];

	for (size_t i = 0; i < BATCHES; i++)
		make(&made[i], 4, &(struct story){ .stream = 1, .batch_no = 1 + i });
	assert_int_equal(store_command(f.store,
				       "ALTER TABLE ingest_batch ADD CONSTRAINT refuses CHECK (tenant_id <> 4 OR "
				       "batch_no <> 6)",
				       &err),
			 0);
	write_made(made, BATCHES);
	for (size_t i = 0; i < BATCHES; i++) {
		assert_int_equal(made[i].rows.code, i == 5 ? ERR_SYNTAX : 0);
		unmake(&made[i]);
	}
	assert_int_equal(store_command(f.store, "ALTER TABLE ingest_batch DROP CONSTRAINT refuses", &err), 0);
	assert_int_equal(count_of("event", 4), (BATCHES - 1) * STORY_EVENTS);
	assert_int_equal(count_of("ingest_batch", 4), BATCHES - 1);
}

/* A sender that numbers an event twice is wrong, but no reason to keep its batch away: what is there is skipped. */
static void an_event_numbered_twice_is_stored_once(void **state UNUSED)
{
	struct made made[2];

	for (size_t i = 0; i < ARRAY_SIZE(made); i++)
		make(&made[i], 5, &(struct story){ .stream = 1, .batch_no = 1, .rules = "v1" });
	made[1].batch.batch_no = 2;
	write_made(made, ARRAY_SIZE(made));
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		if (made[i].rows.code < 0)
			fail_msg("%s", made[i].rows.err.message);
		assert_false(made[i].rows.result.is_repeated);
		unmake(&made[i]);
	}
	assert_int_equal(count_of("event", 5), STORY_EVENTS);
	assert_int_equal(count_of("ingest_batch", 5), 2);
}

static void what_was_out_of_range_moves_into_its_day_once_that_gets_a_partition(void **state UNUSED)
{
	const int64_t day = INT64_C(86400) * NS_PER_S, then = time_now_ns() / day * day - 100 * day;
	struct event event = { .seq = 1, .kind = EVENT_EXIT, .type = "exit", .time_ns = then };
	struct batch batch = { .epoch = 1, .batch_no = 1, .events = &event, .event_count = 1 };
	AUTO_STRBUF frame = STRBUF_INIT;
	struct write_result result;
	struct batch decoded;
	struct err err = { 0 };
	AUTO_ARENA arena;

	arena_init(&arena, 16u << 20);
	batch.origin = (struct origin){ .mode = ORIGIN_HOST, .agent = "agent" };
	if (wire_batch_encode(&batch, &frame, &err) < 0 ||
	    wire_batch_decode(frame.data, frame.length, &arena, &decoded, &err) < 0 ||
	    write_batch(f.store, &partitions, 6, &decoded, &result, &err) < 0)
		fail_msg("%s", err.message);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event_default WHERE tenant_id = 6"), 1);
	assert_int_equal(partitions_ensure(&partitions, f.store, then, time_now_ns(), PARTITION_CLOUD_DAYS, &err), 0);
	assert_int_equal(fixture_number(f.store, "SELECT count(*) FROM event_default WHERE tenant_id = 6"), 0);
	assert_int_equal(count_of("event", 6), 1);
}

struct waiting {
	pthread_t thread;
	struct queue *queue;
	struct made made;
};

static void *wait_in_queue(void *context)
{
	struct waiting *waiting = context;

	queue_write(waiting->queue, &waiting->made.rows);
	return NULL;
}

static void a_queue_has_limits_and_empties_itself(void **state UNUSED)
{
	struct queue_conf conf = { .conninfo = f.conninfo,
				   .partitions = &partitions,
				   .origins = origins,
				   .writers = 2,
				   .batches_max = 3,
				   .bytes_max = 1000 };
	struct waiting waiting[8];
	struct err err = { 0 };
	struct queue *queue;

	assert_int_equal(queue_open(&conf, &queue, &err), 0);
	assert_true(queue_enter(queue, 5000)); /* too large, but alone */
	assert_false(queue_enter(queue, 1));
	queue_leave(queue, 5000);
	assert_true(queue_enter(queue, 400));
	assert_true(queue_enter(queue, 400));
	assert_false(queue_enter(queue, 400));
	assert_true(queue_enter(queue, 1));
	assert_false(queue_enter(queue, 1));
	for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
		waiting[i].queue = queue;
		make(&waiting[i].made, 7 + (int64_t)i % 2, &(struct story){ .stream = 1, .batch_no = 1 + i / 2 });
		assert_int_equal(pthread_create(&waiting[i].thread, NULL, wait_in_queue, &waiting[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(waiting); i++) {
		pthread_join(waiting[i].thread, NULL);
		assert_int_equal(waiting[i].made.rows.code, 0);
		unmake(&waiting[i].made);
	}
	queue_close(queue);
	assert_int_equal(count_of("event", 7), 4 * STORY_EVENTS);
	assert_int_equal(count_of("event", 8), 4 * STORY_EVENTS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_group_gives_the_same_rows_as_its_batches_alone),
		cmocka_unit_test(a_batch_twice_in_one_group_is_stored_once),
		cmocka_unit_test(a_batch_that_is_refused_does_not_take_others_with_it),
		cmocka_unit_test(an_event_numbered_twice_is_stored_once),
		cmocka_unit_test(what_was_out_of_range_moves_into_its_day_once_that_gets_a_partition),
		cmocka_unit_test(a_queue_has_limits_and_empties_itself),
	};
	int failed;

	fixture_open(&f);
	partitions_init(&partitions);
	origins = known_new();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	known_free(origins);
	partitions_fini(&partitions);
	fixture_close(&f);
	return failed;
}
