/* Batches over real connections, with collectors that answer in every way. */
#include "tests/unit/bus/world.h"

static void events_arrive_in_numbered_batches(void **state)
{
	struct world *world = *state;
	uint64_t events = 0, numbers = 0;
	struct sender_state now;

	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_alert, 2);
	send_event(world, sample_cloud, 3);
	flush(world);
	sender_state(world->sender, &now);
	assert_true(now.connected);
	assert_int_equal(now.batches_acked, world->collector.count);
	assert_int_equal(now.batches_spooled, 0);
	assert_string_equal(now.last_error, "");
	for (size_t i = 0; i < world->collector.count; i++) {
		const struct seen *seen = &world->collector.seen[i];

		assert_int_equal(seen->epoch, 1);
		numbers += seen->number;
		events += seen->events;
	}
	assert_int_equal(events, 3);
	assert_int_equal(numbers, world->collector.count * (world->collector.count + 1) / 2);
}

static void a_batch_is_cut_by_time_alone(void **state)
{
	struct world *world = *state;
	struct event event = sample_exec(&world->arena, 1);
	int64_t deadline = time_monotonic_ns() + PATIENCE_NS;
	struct err err;

	collector_open(world);
	sender_begin(world);
	assert_int_equal(sender_add(world->sender, &event, false, &err), 0);
	monitor_lock(&world->collector.monitor);
	while (!world->collector.count && time_monotonic_ns() < deadline)
		monitor_wait(&world->collector.monitor, deadline);
	assert_int_equal(world->collector.count, 1);
	monitor_unlock(&world->collector.monitor);
}

static void events_arrive_over_tcp(void **state)
{
	struct world *world = *state;

	use_tcp(world);
	collector_open(world);
	sender_begin(world);
	for (uint64_t i = 1; i <= 20; i++)
		send_event(world, sample_file, i);
	flush(world);
	assert_int_equal(world->collector.count, 20);
}

static void what_was_not_sent_is_sent_by_the_next_run_and_numbers_go_on(void **state)
{
	struct world *world = *state;
	bool seen[7] = { false };

	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_exec, 2);
	sender_end(world);
	sender_begin(world);
	send_event(world, sample_exec, 3);
	sender_end(world);
	collector_open(world);
	sender_begin(world);
	flush(world);
	sender_end(world);
	/* everything is acknowledged; numbers must still go on */
	sender_begin(world);
	send_event(world, sample_exec, 4);
	flush(world);
	assert_int_equal(world->collector.count, 4);
	for (size_t i = 0; i < 4; i++) {
		const struct seen *batch = &world->collector.seen[i];

		assert_in_range(batch->number, 1, 4);
		assert_false(seen[batch->number]);
		seen[batch->number] = true;
		assert_int_equal(batch->first_seq, batch->number);
		assert_int_equal(batch->epoch, 1);
	}
}

static void an_absent_collector_is_named_with_the_reason(void **state)
{
	struct world *world = *state;
	struct sender_state now;
	struct err err;
	char expected[256];

	sender_begin(world);
	send_event(world, sample_exec, 1);
	snprintf(expected, sizeof(expected), "could not reach the collector at \"%s\": Connection refused",
		 world->url);
	assert_int_equal(sender_flush(world->sender, 300 * NS_PER_MS, &err), ERR_UNREACHABLE);
	assert_string_equal(err.message, expected);
	sender_state(world->sender, &now);
	assert_false(now.connected);
	assert_int_equal(now.batches_spooled, 1);
	assert_string_equal(now.last_error, expected);
}

static void retry_is_obeyed_and_then_the_batch_arrives(void **state)
{
	struct world *world = *state;

	world->collector.answers[0] = REPLY_RETRY;
	world->collector.answers[1] = REPLY_RETRY;
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	flush(world);
	assert_int_equal(world->collector.frames, 3);
	assert_int_equal(world->collector.count, 1);
}

static void a_collector_that_says_nothing_is_asked_again(void **state)
{
	struct world *world = *state;

	for (size_t i = 0; i < 3; i++)
		world->collector.answers[i] = SILENCE;
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_exec, 2);
	flush(world);
	assert_int_equal(world->collector.count, 2);
	assert_in_range(world->collector.frames, 4, 6);
}

static void an_event_too_large_to_travel_is_declared(void **state)
{
	struct world *world = *state;
	struct event event = sample_cloud(&world->arena, 1);
	struct cloud_record cloud = *event.cloud;
	char *json = malloc(EVENT_SIZE_MAX + 1);
	uint64_t drops = 0, events = 0, first_seq = 0;
	struct err err;

	memset(json, 'x', EVENT_SIZE_MAX);
	json[EVENT_SIZE_MAX] = '\0';
	cloud.json = json;
	event.cloud = &cloud;
	collector_open(world);
	sender_begin(world);
	assert_int_equal(sender_add(world->sender, &event, false, &err), 0);
	free(json);
	send_event(world, sample_exec, 2);
	flush(world);
	/* The loss may travel with the event or, when time cut it, in a batch of its own that arrives before or after. */
	for (size_t i = 0; i < world->collector.count; i++) {
		drops += world->collector.seen[i].drops;
		events += world->collector.seen[i].events;
		first_seq += world->collector.seen[i].first_seq;
	}
	assert_int_equal(drops, 1);
	assert_int_equal(events, 1);
	assert_int_equal(first_seq, 1);
}

static void many_events_are_cut_by_size_and_number(void **state)
{
	struct world *world = *state;
	uint64_t sum = 0;
	struct err err;

	collector_open(world);
	sender_begin(world);
	for (uint64_t i = 1; i <= 12000; i++) {
		struct event event = sample_exec(&world->arena, i);

		assert_int_equal(sender_add(world->sender, &event, false, &err), 0);
	}
	flush(world);
	for (size_t i = 0; i < world->collector.count; i++) {
		assert_in_range(world->collector.seen[i].events, 1, BATCH_EVENTS_MAX);
		sum += world->collector.seen[i].events;
	}
	assert_int_equal(sum, 12000);
	assert_true(world->collector.count >= 4);
}

static void a_rejected_batch_is_kept_apart_and_the_rest_goes_on(void **state)
{
	struct world *world = *state;
	uint64_t declared = 0, events = 0;
	struct sender_state now;

	world->collector.answers[0] = REPLY_REJECT;
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	flush(world);
	sender_state(world->sender, &now);
	assert_int_equal(now.batches_rejected, 1);
	sender_end(world);
	sender_begin(world);
	send_event(world, sample_exec, 2);
	flush(world);
	/* and is declared once, so that nobody takes it for one that never arrived */
	for (size_t i = 0; i < world->collector.count; i++) {
		declared += world->collector.seen[i].drops;
		events += world->collector.seen[i].events;
		assert_true(world->collector.seen[i].number > 1);
	}
	assert_int_equal(declared, 1);
	assert_int_equal(events, 1);
	assert_int_equal(count_files("ls %s/dead | wc -l", world->spool), 1);
}

static void a_sender_that_stops_in_order_says_so_last(void **state)
{
	struct world *world = *state;
	struct seen *last;

	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 1);
	send_event(world, sample_alert, 2);
	sender_goodbye(world->sender);
	flush(world);
	last = &world->collector.seen[0];
	for (size_t i = 0; i < world->collector.count; i++) {
		if (world->collector.seen[i].number > last->number)
			last = &world->collector.seen[i];
	}
	assert_int_equal(last->number, world->collector.count);
	for (size_t i = 0; i < world->collector.count; i++)
		assert_int_equal(world->collector.seen[i].is_last, &world->collector.seen[i] == last);
	/* who goes on after all has later numbers */
	send_event(world, sample_exec, 3);
	flush(world);
	assert_false(world->collector.seen[world->collector.count - 1].is_last);
}

static void an_alert_overtakes_bulk_that_waits(void **state)
{
	struct world *world = *state;
	const struct seen *first = &world->collector.seen[0];
	uint64_t events = 0;

	world->collector.holds_bulk = true;
	collector_open(world);
	sender_begin(world);
	for (uint64_t i = 1; i <= 10; i++)
		send_event(world, sample_exec, i);
	send_event(world, sample_alert, 11);
	flush(world);
	assert_int_equal(first->lane, LANE_ALERT);
	assert_int_equal(first->events, 1);
	/* it says itself that the numbers before it may still come */
	assert_int_equal(first->number, 11);
	assert_int_equal(first->oldest_waiting, 1);
	for (size_t i = 0; i < world->collector.count; i++)
		events += world->collector.seen[i].events;
	assert_int_equal(events, 11);
	assert_int_equal(world->collector.count, 11);
}

static void drops_declared_alone_arrive(void **state)
{
	struct world *world = *state;

	collector_open(world);
	sender_begin(world);
	sender_drop(world->sender, "ring-full", 5);
	sender_drop(world->sender, "ring-full", 6);
	flush(world);
	monitor_lock(&world->collector.monitor);
	assert_in_range(world->collector.count, 1, 2);
	assert_int_equal(world->collector.seen[0].drops + world->collector.seen[1].drops, 11);
	monitor_unlock(&world->collector.monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_arrive_in_numbered_batches),
		TEST(a_batch_is_cut_by_time_alone),
		TEST(events_arrive_over_tcp),
		TEST(what_was_not_sent_is_sent_by_the_next_run_and_numbers_go_on),
		TEST(an_absent_collector_is_named_with_the_reason),
		TEST(retry_is_obeyed_and_then_the_batch_arrives),
		TEST(a_rejected_batch_is_kept_apart_and_the_rest_goes_on),
		TEST(a_sender_that_stops_in_order_says_so_last),
		TEST(an_alert_overtakes_bulk_that_waits),
		TEST(a_collector_that_says_nothing_is_asked_again),
		TEST(an_event_too_large_to_travel_is_declared),
		TEST(many_events_are_cut_by_size_and_number),
		TEST(drops_declared_alone_arrive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
