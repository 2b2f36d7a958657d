#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/pipeline/activity.h"
#include "agent/pipeline/pipeline.h"
#include "base/time.h"
#include "bus/sender.h"

struct world {
	char folder[64], spool[96], url[96];
	struct sender *sender;
	struct pipeline *pipeline;
};

/* Nobody listens at the sender's address: all that is lost stays with it. */
static int set_up(void **state)
{
	static struct world world;
	struct sender_conf conf = { .url = world.url, .spool = world.spool, .origin = { .agent = "test" } };
	struct err err = { 0 };

	snprintf(world.folder, sizeof(world.folder), "/tmp/pipeline.XXXXXX");
	assert_non_null(mkdtemp(world.folder));
	snprintf(world.spool, sizeof(world.spool), "%s/spool", world.folder);
	snprintf(world.url, sizeof(world.url), "ipc://%s/intake.sock", world.folder);
	conf.origin.mode = ORIGIN_RUN;
	if (sender_open(&conf, &world.sender, &err) < 0 ||
	    pipeline_new(&(struct pipeline_conf){ .sender = world.sender }, &world.pipeline, &err) < 0)
		fail_msg("%s", err.message);
	*state = &world;
	return 0;
}

static int tear_down(void **state)
{
	struct world *world = *state;
	char command[128];

	sender_close(world->sender);
	pipeline_free(world->pipeline);
	snprintf(command, sizeof(command), "rm -rf '%s'", world->folder);
	return system(command);
}

static uint64_t dropped(const struct world *world)
{
	struct sender_state state;

	sender_state(world->sender, &state);
	return state.events_dropped;
}

static void what_the_sensor_lost_is_declared(void **state)
{
	struct world *world = *state;
	const struct sensor_event event = { .call = SENSOR_PROCEXIT, .pid = getpid(), .time_ns = 1, .lost = 3 };
	struct pipeline_stats stats;

	pipeline_handle(world->pipeline, &event);
	assert_int_equal(dropped(world), 3);
	pipeline_sensor_lost(world->pipeline, 4);
	assert_int_equal(dropped(world), 7);
	pipeline_stats(world->pipeline, &stats);
	assert_int_equal(stats.lost, 7);
}

static void the_death_of_a_tracer_is_counted(void **state)
{
	struct world *world = *state;
	struct pipeline_stats stats;

	pipeline_took_over(world->pipeline);
	pipeline_stats(world->pipeline, &stats);
	assert_int_equal(stats.lost, 1);
}

static void processes_from_outside_that_were_found_late_or_not_followed_are_declared(void **state)
{
	struct world *world = *state;

	pipeline_entered_late(world->pipeline, 1);
	assert_int_equal(dropped(world), 1);
	pipeline_not_followed(world->pipeline, 0);
	assert_int_equal(dropped(world), 1);
	pipeline_not_followed(world->pipeline, 2);
	assert_int_equal(dropped(world), 3);
}

static void an_event_of_no_process_is_declared(void **state)
{
	struct world *world = *state;
	const struct sensor_event event = { .call = SENSOR_UNLINK, .pid = 0, .time_ns = 1, .path = "/x" };
	struct pipeline_stats stats;

	pipeline_handle(world->pipeline, &event);
	assert_int_equal(dropped(world), 1);
	pipeline_stats(world->pipeline, &stats);
	assert_int_equal(stats.failed, 1);
}

/* Each class has a limit of its own, so that a flood of one does not hide the others. */
static void what_the_limit_left_out_is_declared(void **state)
{
	struct world *world = *state;
	struct sensor_event end = { .call = SENSOR_PROCEXIT, .pid = getpid(), .time_ns = 1, .has_result = true };
	struct sensor_event call = { .call = SENSOR_KILL, .pid = getpid(), .time_ns = 1, .has_result = true };
	struct pipeline *pipeline;
	struct pipeline_stats stats;
	uint64_t lost;
	struct err err = { 0 };

	assert_int_equal(pipeline_new(&(struct pipeline_conf){ .sender = world->sender, .activity_per_s = 1 },
				      &pipeline, &err),
			 0);
	for (int i = 0; i < 3 * ACTIVITY_BURST_S; i++) {
		end.time_ns++;
		pipeline_handle(pipeline, &end);
	}
	pipeline_stats(pipeline, &stats);
	assert_true(dropped(world) > 0);
	assert_true(dropped(world) < 3 * ACTIVITY_BURST_S);
	lost = dropped(world);
	pipeline_handle(pipeline, &call);
	assert_int_equal(dropped(world), lost);
	pipeline_free(pipeline);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_the_limit_left_out_is_declared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_the_sensor_lost_is_declared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_death_of_a_tracer_is_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			processes_from_outside_that_were_found_late_or_not_followed_are_declared, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_event_of_no_process_is_declared, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
