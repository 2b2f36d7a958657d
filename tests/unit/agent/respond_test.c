/* What policies ask for is done to the right process, or not at all. Real processes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/respond/respond.h"
#include "agent/respond/target.h"
#include "base/attr.h"
#include "base/time.h"

/* Children of one test; the followed one is what the sensor would trace. */
struct world {
	struct process_table *processes;
	struct responder *responder;
	struct arena arena;
	pid_t followed[2];
	bool is_one_launch; /* both were launched together */
	struct response out[RESPONSES_MAX];
	size_t count;
};

static bool is_followed(const void *context, pid_t pid)
{
	const struct world *world = context;

	return pid > 0 && (pid == world->followed[0] || pid == world->followed[1]);
}

static bool is_together(const void *context, pid_t pid, pid_t other)
{
	const struct world *world = context;

	return world->is_one_launch && is_followed(context, pid) && is_followed(context, other);
}

static struct stop_note notes[STOPS_MAX];

static struct world *world_make(bool is_allowed, bool is_host, int64_t grace_ns)
{
	static struct world world;

	world = (struct world){ .processes = process_table_new(NULL, NULL) };
	arena_init(&world.arena, 1u << 20);
	world.responder = responder_new(&(struct responder_conf){ .is_allowed = is_allowed,
								  .grace_ns = grace_ns,
								  .is_followed = is_host ? NULL : is_followed,
								  .is_together = is_together,
								  .context = &world,
								  .notes = notes });
	assert_non_null(world.processes);
	assert_non_null(world.responder);
	return &world;
}

static void world_free(struct world *world)
{
	responder_free(world->responder);
	process_table_free(world->processes);
	arena_fini(&world->arena);
}

/* A child that waits to be ended; with a handler for SIGTERM it does not mind that one. */
static pid_t start(bool minds_term)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (!minds_term)
			signal(SIGTERM, SIG_IGN);
		if (write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static bool is_alive(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static int signal_of_end(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void act(struct world *world, unsigned int actions, const struct sensor_event *event)
{
	struct respond_order order = { .actions = actions, .event = event, .processes = world->processes };

	order.execution = process_table_at(world->processes, event->pid, event->time_ns);
	world->count = responder_act(world->responder, &order, &world->arena, world->out);
}

static struct sensor_event event_of(pid_t pid, bool is_held)
{
	return (struct sensor_event){
		.call = SENSOR_UNLINK, .pid = pid, .tid = pid, .time_ns = time_now_ns(), .is_held = is_held
	};
}

static void expect(const struct world *world, enum response_action action, enum outcome outcome, const char *detail)
{
	assert_int_equal(world->count, 1);
	assert_int_equal(world->out[0].action, action);
	if (world->out[0].outcome != outcome || !strstr(world->out[0].detail, detail))
		fail_msg("%s: %s", outcome_name(world->out[0].outcome), world->out[0].detail);
}

static void a_process_is_killed(void **state UNUSED)
{
	struct world *world = world_make(true, false, 0);
	pid_t pid = start(true), other = start(true);
	struct sensor_event event = event_of(pid, true);

	world->followed[0] = pid;
	act(world, ACTION_BIT(ACTION_NOTIFY) | ACTION_BIT(ACTION_KILL), &event);
	expect(world, ACTION_KILL, OUTCOME_DONE, "after its call");
	assert_int_equal(signal_of_end(pid), SIGKILL);
	assert_true(is_alive(other));
	end(other);
	world_free(world);
}

static void nothing_is_done_without_leave(void **state UNUSED)
{
	struct world *world = world_make(false, false, 0);
	pid_t pid = start(true);
	struct sensor_event event = event_of(pid, true);

	world->followed[0] = pid;
	act(world, ACTION_BIT(ACTION_KILL), &event);
	expect(world, ACTION_KILL, OUTCOME_REFUSED, "without --respond");
	act(world, ACTION_BIT(ACTION_STOP), &event);
	expect(world, ACTION_STOP, OUTCOME_REFUSED, "without --respond");
	act(world, ACTION_BIT(ACTION_NOTIFY), &event);
	assert_int_equal(world->count, 0);
	assert_true(is_alive(pid));
	end(pid);
	world_free(world);
}

static void what_must_not_be_touched_is_not(void **state UNUSED)
{
	struct world *world = world_make(true, false, 0), *host;
	pid_t pid = start(true);
	const struct {
		struct sensor_event event;
		const char *reason;
	} rows[] = {
		{ event_of(pid, true), "does not follow" },
		{ event_of(getpid(), true), "it is the sensor" },
		{ event_of(getppid(), true), "it is the sensor" },
		{ event_of(1, true), "process 1" },
		{ event_of(0, false), "not known" },
		{ { .call = SENSOR_CONNECT, .pid = pid, .is_likely = true }, "not seen doing it" },
		{ { .call = SENSOR_PROCEXIT, .pid = pid }, "has ended" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		act(world, ACTION_BIT(ACTION_KILL), &rows[i].event);
		expect(world, ACTION_KILL, OUTCOME_REFUSED, rows[i].reason);
	}
	assert_true(is_alive(pid));
	world_free(world);
	/* one that sees every process is as careful with itself */
	host = world_make(true, true, 0);
	for (size_t i = 1; i < ARRAY_SIZE(rows); i++) {
		act(host, ACTION_BIT(ACTION_KILL) | ACTION_BIT(ACTION_STOP), &rows[i].event);
		assert_int_equal(host->count, 2);
		assert_int_equal(host->out[0].outcome, OUTCOME_REFUSED);
		assert_int_equal(host->out[1].outcome, OUTCOME_REFUSED);
	}
	assert_true(is_alive(pid));
	end(pid);
	world_free(host);
}

/* A number that somebody else has by now: the process began after the event. */
static void a_reused_number_is_not_killed(void **state UNUSED)
{
	struct world *world = world_make(true, true, 0);
	struct sensor_event event = event_of(0, false);
	pid_t pid = start(true);

	event.pid = event.tid = pid;
	event.time_ns -= NS_PER_S;
	act(world, ACTION_BIT(ACTION_KILL), &event);
	expect(world, ACTION_KILL, OUTCOME_REFUSED, "may belong to another process");
	assert_true(is_alive(pid));
	/* the same process, told of later */
	event.time_ns = time_now_ns() + NS_PER_S;
	act(world, ACTION_BIT(ACTION_KILL), &event);
	expect(world, ACTION_KILL, OUTCOME_DONE, "ran on meanwhile");
	assert_int_equal(signal_of_end(pid), SIGKILL);
	act(world, ACTION_BIT(ACTION_KILL), &event);
	expect(world, ACTION_KILL, OUTCOME_REFUSED, "has ended");
	world_free(world);
}

/* Within the 10 ms that /proc is exact to, the program decides. */
static void a_process_just_born_must_run_the_same_program(void **state UNUSED)
{
	struct world *world = world_make(true, true, 0);
	pid_t pid = start(true);
	struct sensor_event event = event_of(pid, false);
	struct execution other = { .view = { .pid = pid, .exe_path = "/no/such/program" } }, same = { 0 };
	char self[4096] = "";
	const char *reason;
	struct proc_stat stat;
	int pidfd;

	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	assert_true(proc_stat_read(pid, &stat));
	same.view.exe_path = self;
	event.time_ns = stat.start_ns;
	assert_int_equal(target_open(&event, &other, &reason), -1);
	assert_string_equal(reason, "its number may belong to another process by now");
	pidfd = target_open(&event, &same, &reason);
	assert_true(pidfd >= 0);
	assert_true(target_signal(pidfd, SIGKILL));
	assert_int_equal(signal_of_end(pid), SIGKILL);
	assert_true(target_has_ended(pidfd));
	assert_false(target_signal(pidfd, SIGKILL));
	close(pidfd);
	world_free(world);
}

static void there_is_a_limit(void **state UNUSED)
{
	struct world *world = world_make(true, false, 0);
	pid_t pid = start(true);
	struct sensor_event event = event_of(pid, true);
	struct respond_order order = { .actions = ACTION_BIT(ACTION_KILL), .event = &event };
	size_t done = 0;

	world->followed[0] = pid;
	assert_true(responder_may_kill(world->responder, &order));
	/* a zombie takes any number of signals */
	for (int i = 0; i < 2 * RESPONSES_PER_MIN; i++) {
		act(world, ACTION_BIT(ACTION_KILL), &event);
		done += world->out[0].outcome == OUTCOME_DONE;
	}
	assert_in_range(done, RESPONSES_PER_MIN, 2 * RESPONSES_PER_MIN - 1);
	expect(world, ACTION_KILL, OUTCOME_REFUSED, "too many responses");
	assert_false(responder_may_kill(world->responder, &order));
	end(pid);
	world_free(world);
}

/* The first of the line that is followed, not the one that did it. */
static void a_container_is_stopped_by_its_first_process(void **state UNUSED)
{
	struct world *world = world_make(true, false, 3600 * NS_PER_S);
	pid_t first = start(true), other = start(true);
	struct sensor_event event = event_of(other, true);

	world->followed[0] = first;
	world->followed[1] = other;
	process_table_fork(world->processes, getpid(), first, time_now_ns());
	process_table_fork(world->processes, first, other, time_now_ns());
	act(world, ACTION_BIT(ACTION_STOP), &event);
	expect(world, ACTION_STOP, OUTCOME_DONE, "SIGTERM");
	assert_int_equal(signal_of_end(first), SIGTERM);
	assert_true(is_alive(other));
	responder_step(world->responder);
	end(other);
	world_free(world);
}

/* One that was put into the container from outside is no descendant of the first. */
static void who_came_from_outside_stops_the_container_it_came_into(void **state UNUSED)
{
	struct world *world = world_make(true, false, 3600 * NS_PER_S);
	pid_t first = start(true), entrant = start(true);
	struct sensor_event event = event_of(entrant, true);

	world->followed[0] = first;
	world->followed[1] = entrant;
	world->is_one_launch = true;
	process_table_fork(world->processes, getpid(), first, time_now_ns());
	process_table_fork(world->processes, getpid(), entrant, time_now_ns());
	act(world, ACTION_BIT(ACTION_STOP), &event);
	expect(world, ACTION_STOP, OUTCOME_DONE, "SIGTERM");
	assert_int_equal(signal_of_end(first), SIGTERM);
	assert_true(is_alive(entrant));
	end(entrant);
	world_free(world);
}

static void who_does_not_mind_sigterm_is_killed_after_the_grace(void **state UNUSED)
{
	struct world *world = world_make(true, false, 0);
	pid_t pid = start(false);
	struct sensor_event event = event_of(pid, true);

	world->followed[0] = pid;
	act(world, ACTION_BIT(ACTION_STOP), &event);
	expect(world, ACTION_STOP, OUTCOME_DONE, "SIGTERM");
	assert_true(is_alive(pid));
	responder_step(world->responder);
	assert_int_equal(signal_of_end(pid), SIGKILL);
	world_free(world);
}

static size_t noted(void)
{
	size_t count = 0;

	for (size_t i = 0; i < STOPS_MAX; i++)
		count += notes[i].pid != 0;
	return count;
}

/* The process that sent SIGTERM is dead; its notes are what another one knows. */
static void a_stop_is_carried_through_by_who_follows_on(void **state UNUSED)
{
	struct world *world = world_make(true, false, 0);
	pid_t pid = start(false), minder = start(true);
	struct sensor_event event = event_of(pid, true);
	struct stop_note left[STOPS_MAX];
	struct responder *next;

	world->followed[0] = pid;
	act(world, ACTION_BIT(ACTION_STOP), &event);
	assert_int_equal(noted(), 1);
	memcpy(left, notes, sizeof(left));
	memset(notes, 0, sizeof(notes));
	next = responder_new(&(struct responder_conf){ .is_allowed = true, .notes = left });
	assert_true(is_alive(pid));
	responder_step(next);
	assert_int_equal(signal_of_end(pid), SIGKILL);
	assert_int_equal(left[0].pid, 0);
	responder_free(next);
	/* A number that another process has by now, or nobody. */
	left[0].due_ns = left[1].due_ns = 1;
	left[0].start_ns = NS_PER_S;
	left[0].pid = minder;
	left[1].pid = pid;
	next = responder_new(&(struct responder_conf){ .is_allowed = true, .notes = left });
	responder_step(next);
	assert_true(is_alive(minder));
	assert_int_equal(left[0].pid + left[1].pid, 0);
	responder_free(next);
	end(minder);
	world_free(world);
}

static void a_stop_that_has_ended_leaves_no_note(void **state UNUSED)
{
	struct world *world = world_make(true, false, 3600 * NS_PER_S);
	pid_t pid = start(true);
	struct sensor_event event = event_of(pid, true);

	world->followed[0] = pid;
	act(world, ACTION_BIT(ACTION_STOP), &event);
	assert_int_equal(noted(), 1);
	assert_int_equal(signal_of_end(pid), SIGTERM);
	responder_step(world->responder);
	assert_int_equal(noted(), 0);
	world_free(world);
}

static void a_stop_that_has_begun_is_not_begun_again_and_is_finished(void **state UNUSED)
{
	struct world *world = world_make(true, false, 3600 * NS_PER_S);
	pid_t pid = start(false);
	struct sensor_event event = event_of(pid, true);

	world->followed[0] = pid;
	act(world, ACTION_BIT(ACTION_STOP), &event);
	act(world, ACTION_BIT(ACTION_STOP), &event);
	expect(world, ACTION_STOP, OUTCOME_DONE, "being stopped already");
	responder_step(world->responder);
	assert_true(is_alive(pid));
	world_free(world);
	assert_int_equal(signal_of_end(pid), SIGKILL);
}

static void a_host_stops_containers_alone(void **state UNUSED)
{
	struct world *world = world_make(true, true, 0);
	pid_t pid = start(true);
	struct sensor_event event = event_of(pid, false);

	event.time_ns += NS_PER_S;
	act(world, ACTION_BIT(ACTION_STOP), &event);
	expect(world, ACTION_STOP, OUTCOME_REFUSED, "in no container");
	assert_int_equal(target_namespace_first(pid), 0); /* the caller's own */
	assert_true(is_alive(pid));
	end(pid);
	world_free(world);
}

/* Needs the right to make a pid namespace. */
static void the_first_process_of_a_namespace_is_found(void **state UNUSED)
{
	pid_t maker, first = 0, inner = 0;
	int report[2];

	assert_int_equal(pipe(report), 0);
	maker = fork();
	if (maker == 0) {
		if (unshare(CLONE_NEWPID) < 0)
			_exit(77);
		first = fork();
		if (first == 0) {
			inner = fork();
			for (;;)
				pause();
		}
		if (write(report[1], &first, sizeof(first)) != sizeof(first))
			_exit(1);
		waitpid(first, NULL, 0);
		_exit(0);
	}
	close(report[1]);
	if (read(report[0], &first, sizeof(first)) != sizeof(first)) {
		waitpid(maker, NULL, 0);
		close(report[0]);
		skip();
	}
	/* its child, as this namespace numbers it */
	while (!inner) {
		char path[64];
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", first, first);
		file = fopen(path, "r");
		assert_non_null(file);
		if (fscanf(file, "%d", &inner) != 1)
			inner = 0;
		fclose(file);
	}
	assert_int_equal(target_namespace_first(inner), first);
	assert_int_equal(target_namespace_first(first), first);
	kill(first, SIGKILL);
	waitpid(maker, NULL, 0);
	close(report[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_process_is_killed),
		cmocka_unit_test(nothing_is_done_without_leave),
		cmocka_unit_test(what_must_not_be_touched_is_not),
		cmocka_unit_test(a_reused_number_is_not_killed),
		cmocka_unit_test(a_process_just_born_must_run_the_same_program),
		cmocka_unit_test(there_is_a_limit),
		cmocka_unit_test(a_container_is_stopped_by_its_first_process),
		cmocka_unit_test(who_came_from_outside_stops_the_container_it_came_into),
		cmocka_unit_test(who_does_not_mind_sigterm_is_killed_after_the_grace),
		cmocka_unit_test(a_stop_is_carried_through_by_who_follows_on),
		cmocka_unit_test(a_stop_that_has_ended_leaves_no_note),
		cmocka_unit_test(a_stop_that_has_begun_is_not_begun_again_and_is_finished),
		cmocka_unit_test(a_host_stops_containers_alone),
		cmocka_unit_test(the_first_process_of_a_namespace_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
