/* A spool that is full, damaged, or somebody else's. */
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/unit/bus/world.h"

static void a_full_disk_drops_old_batches_and_says_so(void **state)
{
	struct world *world = *state;
	struct sender_state now;

	assert_int_equal(mkdir(world->spool, 0700), 0);
	if (mount("none", world->spool, "tmpfs", 0, "size=128k") < 0)
		skip();
	sender_begin(world);
	for (uint64_t i = 1; i <= 60; i++)
		send_event(world, sample_exec, i);
	collector_open(world);
	flush(world);
	flush(world); /* what the last batch could not declare any more */
	sender_state(world->sender, &now);
	assert_in_range(now.events_dropped, 1, 59);
	sender_end(world);
	assert_int_equal(umount2(world->spool, MNT_DETACH), 0);
	assert_int_equal(collector_drops(&world->collector), now.events_dropped);
}

static void a_full_spool_drops_old_batches_without_alerts_and_says_so(void **state)
{
	struct world *world = *state;
	struct sender_state now;
	uint64_t events = 0;
	bool alert_arrived = false;

	sender_begin_sized(world, 64 << 10); /* a batch costs a block of 4 KiB; room is made for 20 KiB at a time */
	send_event(world, sample_alert, 1);
	for (uint64_t i = 2; i <= 30; i++)
		send_event(world, sample_exec, i);
	sender_state(world->sender, &now);
	assert_true(now.events_dropped > 0);
	assert_true(now.batches_spooled <= 16);
	collector_open(world);
	flush(world);
	for (size_t i = 0; i < world->collector.count; i++) {
		events += world->collector.seen[i].events;
		alert_arrived |= world->collector.seen[i].lane == LANE_ALERT;
	}
	assert_true(alert_arrived);
	assert_int_equal(collector_drops(&world->collector), now.events_dropped);
	assert_int_equal(now.events_dropped + events, 30);
}

/* Turns a byte of the file that the pattern below the spool names. */
static void damage(const struct world *world, const char *pattern)
{
	char command[256];

	snprintf(command, sizeof(command), "printf x | dd of=$(ls %%s/%s) bs=1 seek=60 conv=notrunc 2>/dev/null",
		 pattern);
	shell(command, world->spool);
}

static void a_damaged_file_is_set_aside_and_its_events_declared(void **state)
{
	struct world *world = *state;
	struct sender_state now;

	sender_begin(world);
	for (uint64_t i = 1; i <= 3; i++)
		send_event(world, sample_exec, i);
	sender_end(world);
	damage(world, "1-2-*");
	collector_open(world);
	sender_begin(world);
	flush(world);
	sender_state(world->sender, &now);
	assert_int_equal(now.batches_corrupt, 1);
	assert_int_equal(now.events_dropped, 1);
	assert_int_equal(count_files("ls %s/quarantine | wc -l", world->spool), 1);
	for (size_t i = 0; i < world->collector.count; i++)
		assert_int_not_equal(world->collector.seen[i].number, 2);
	assert_int_equal(collector_drops(&world->collector), 1);
}

static void what_a_damaged_file_had_to_declare_is_declared_again(void **state)
{
	struct world *world = *state;
	struct sender_state now;

	sender_begin(world);
	sender_drop(world->sender, "test", 5);
	send_event(world, sample_exec, 1);
	send_event(world, sample_exec, 2);
	sender_end(world);
	damage(world, "1-1-*-declares5.batch");
	collector_open(world);
	sender_begin(world);
	flush(world);
	sender_state(world->sender, &now);
	assert_int_equal(now.batches_corrupt, 1);
	assert_int_equal(collector_drops(&world->collector), 6);
}

static void a_damaged_identity_makes_a_new_stream_and_old_batches_still_go(void **state)
{
	struct world *world = *state;

	sender_begin(world);
	send_event(world, sample_exec, 1);
	sender_end(world);
	shell("echo garbage > %s/stream", world->spool);
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 2);
	flush(world);
	assert_int_equal(world->collector.count, 2);
}

static void lost_batch_files_raise_the_epoch(void **state)
{
	struct world *world = *state;

	sender_begin(world);
	send_event(world, sample_exec, 1);
	sender_end(world);
	shell("rm %s/1-1-*", world->spool);
	collector_open(world);
	sender_begin(world);
	send_event(world, sample_exec, 2);
	flush(world);
	assert_int_equal(world->collector.count, 1);
	assert_int_equal(world->collector.seen[0].epoch, 2);
	assert_int_equal(world->collector.seen[0].number, 1);
}

static void a_spool_serves_one_process_at_a_time(void **state)
{
	struct world *world = *state;
	struct sender_conf conf = { .url = world->url,
				    .spool = world->spool,
				    .origin = sample_origin(&world->arena) };
	struct sender *second = NULL;
	struct err err;

	sender_begin(world);
	assert_int_equal(sender_open(&conf, &second, &err), ERR_FAILED);
	assert_non_null(strstr(err.message, "is in use by another process"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_full_spool_drops_old_batches_without_alerts_and_says_so),
		TEST(a_full_disk_drops_old_batches_and_says_so),
		TEST(a_damaged_file_is_set_aside_and_its_events_declared),
		TEST(what_a_damaged_file_had_to_declare_is_declared_again),
		TEST(a_damaged_identity_makes_a_new_stream_and_old_batches_still_go),
		TEST(lost_batch_files_raise_the_epoch),
		TEST(a_spool_serves_one_process_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
