/* Tracers in threads of their own, of real children. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "agent/tracers.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/proc/proc.h"
#include "agent/proc/turn.h"
#include "agent/sensor/trace/ledger.h"
#include "base/time.h"

#define CHILDREN 4
#define EXECS	 20
#define WAIT_MS	 60000

/* What the tracers share; guarded by turn. */
static struct world {
	struct ledger *ledger;
	struct turn *turn;
	struct tracers *tracers;
	size_t execs[PID_LIMIT], ends;
	atomic_size_t looks;
} world;

static void rest(void)
{
	nanosleep(&(struct timespec){ 0, NS_PER_MS }, NULL);
}

static void handle(void *context, const struct sensor_event *event)
{
	(void)context;
	/* gives the turn away in the middle, as everything does that asks a container */
	turn_resume(turn_pause());
	if (event->call == SENSOR_EXECVE)
		world.execs[event->pid]++;
	world.ends += event->call == SENSOR_PROCEXIT ? 1 : 0;
}

static bool never(void *context, unsigned int lane)
{
	(void)context;
	(void)lane;
	return false;
}

static void look(void *context, unsigned int lane, bool all)
{
	(void)context;
	(void)lane;
	world.looks += all ? 1 : 0;
}

static void nothing(void *context)
{
	(void)context;
}

static void open_tracers(void)
{
	const struct tracers_conf conf = {
		.ledger = world.ledger, .is_due = never, .has_pending = never, .look = look, .wake = nothing
	};
	struct err err = { 0 };

	assert_int_equal(tracers_open(&conf, &world.tracers, &err), 0);
}

static void use_tracers(void)
{
	const struct tracer_conf conf = { .handler = handle, .turn = world.turn, .ledger = world.ledger };

	tracers_use(world.tracers, &conf);
}

static void *end_at_once(void *argument)
{
	return argument;
}

static int set_up(void **state)
{
	pthread_t thread;

	(void)state;
	/* a sanitizer starts a thread of its own with the first; it must not be counted as a tracer's */
	if (pthread_create(&thread, NULL, end_at_once, NULL) == 0)
		pthread_join(thread, NULL);
	memset(&world, 0, sizeof(world));
	world.ledger = ledger_new();
	world.turn = turn_new();
	open_tracers();
	return world.ledger && world.turn ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	turn_free(world.turn);
	return 0;
}

/* A process that waits for its go, then has programs started one after the other, and ends. */
static pid_t start_child(int *ret_go)
{
	int go[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(go), 0);
	child = fork();
	if (child == 0) {
		prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		close(go[1]);
		if (read(go[0], &byte, 1) < 0)
			_exit(1);
		for (int i = 0; i < EXECS; i++) {
			pid_t one = fork();

			if (one == 0) {
				execl("/bin/true", "true", NULL);
				_exit(1);
			}
			waitpid(one, NULL, 0);
		}
		_exit(0);
	}
	close(go[0]);
	*ret_go = go[1];
	return child;
}

struct seizing {
	struct job job;
	pid_t pid, tid;
	uint8_t owner;
	atomic_int result; /* 1 = not done */
};

static void seize(struct job *job, struct tracer *tracer)
{
	struct seizing *seizing = (struct seizing *)job;
	struct err err = { 0 };

	seizing->tid = (pid_t)syscall(SYS_gettid);
	seizing->result = tracer ? tracer_seize(tracer, seizing->pid, seizing->owner, &err) : ERR_FAILED;
}

static void ask_to_seize(struct seizing *seizing, pid_t pid, uint8_t owner)
{
	*seizing = (struct seizing){ .job = { .run = seize }, .pid = pid, .owner = owner, .result = 1 };
	tracers_ask(world.tracers, owner, &seizing->job);
}

static bool has_happened(const atomic_int *what, int not_yet)
{
	for (int i = 0; i < WAIT_MS && *what == not_yet; i++) {
		turn_take(world.turn);
		tracers_step(world.tracers);
		turn_give(world.turn);
		rest();
	}
	return *what != not_yet;
}

static size_t threads(void)
{
	DIR *folder = opendir("/proc/self/task");
	size_t count = 0;

	while (folder && readdir(folder))
		count++;
	if (folder)
		closedir(folder);
	return count - 2;
}

/* Waits until nothing is followed, and the threads are gone. */
static void wait_for_end(size_t before)
{
	for (int i = 0; i < WAIT_MS && (tracers_bound(world.tracers) || threads() > before); i++) {
		turn_take(world.turn);
		tracers_step(world.tracers);
		turn_give(world.turn);
		rest();
	}
	assert_int_equal(tracers_bound(world.tracers), 0);
	assert_int_equal(threads(), before);
}

static size_t sum_of_execs(void)
{
	size_t sum = 0, most = 0;

	turn_take(world.turn);
	for (size_t pid = 0; pid < PID_LIMIT; pid++) {
		most = world.execs[pid] > most ? world.execs[pid] : most;
		sum += world.execs[pid];
	}
	turn_give(world.turn);
	assert_true(most <= 1);
	return sum;
}

static void each_container_has_a_thread_that_ends_with_it(void **state)
{
	struct seizing seizings[CHILDREN];
	int go[CHILDREN];
	size_t before = threads();

	(void)state;
	use_tracers();
	for (size_t i = 0; i < CHILDREN; i++)
		ask_to_seize(&seizings[i], start_child(&go[i]), (uint8_t)(i + 1));
	for (size_t i = 0; i < CHILDREN; i++) {
		struct proc_status status;

		assert_true(has_happened(&seizings[i].result, 1));
		assert_int_equal(seizings[i].result, 0);
		assert_true(proc_status_read(seizings[i].pid, &status));
		assert_int_equal(status.tracer, seizings[i].tid);
		for (size_t j = 0; j < i; j++)
			assert_int_not_equal(seizings[i].tid, seizings[j].tid);
	}
	/* a sanitizer's threads in them as well */
	assert_true(tracers_bound(world.tracers) >= CHILDREN);
	for (size_t i = 0; i < CHILDREN; i++)
		close(go[i]);
	wait_for_end(before);
	assert_int_equal(sum_of_execs(), CHILDREN * EXECS);
	assert_int_equal(world.ends, CHILDREN * (EXECS + 1));
	assert_true(tracers_close(world.tracers));
	assert_int_equal(world.looks, 0);
}

/* Another process followed them, and is gone. */
static void what_another_process_followed_is_followed_on(void **state)
{
	pid_t pids[CHILDREN], other;
	int go[CHILDREN], status;
	size_t before = threads();

	(void)state;
	for (size_t i = 0; i < CHILDREN; i++)
		pids[i] = start_child(&go[i]);
	other = fork();
	if (other == 0) {
		const struct tracer_conf conf = { .ledger = world.ledger };
		struct err err = { 0 };
		struct tracer *tracer;

		if (tracer_new(&conf, &tracer, &err) < 0)
			_exit(1);
		for (size_t i = 0; i < CHILDREN; i++) {
			/* two of them are of one container */
			if (tracer_seize(tracer, pids[i], (uint8_t)(i ? i : 1), &err) < 0)
				_exit(2);
		}
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(other, &status, 0), other);
	assert_true(WIFSIGNALED(status));
	tracers_adopt(world.tracers);
	assert_true(tracers_count(world.tracers) >= CHILDREN);
	assert_int_equal(threads(), before + CHILDREN - 1);
	use_tracers();
	for (size_t i = 0; i < CHILDREN; i++)
		close(go[i]);
	wait_for_end(before);
	assert_int_equal(sum_of_execs(), CHILDREN * EXECS);
	assert_true(tracers_close(world.tracers));
}

struct waiting {
	struct job job;
	int fd;
	atomic_int is_waiting;
};

static void wait_long(struct job *job, struct tracer *tracer)
{
	struct waiting *waiting = (struct waiting *)job;
	struct turn *turn;
	char byte;

	(void)tracer;
	turn_take(world.turn);
	turn = turn_pause();
	waiting->is_waiting = 1;
	/* the signals of tracers_step() do not end it, as they would not end what it stands for */
	while (read(waiting->fd, &byte, 1) < 0)
		;
	turn_resume(turn);
	turn_give(world.turn);
}

static void who_is_held_up_holds_nobody_up(void **state)
{
	static struct waiting waiting = { .job = { .run = wait_long } };
	struct seizing seizing, behind;
	size_t before = threads();
	int held[2], go;

	(void)state;
	use_tracers();
	assert_int_equal(pipe(held), 0);
	waiting.fd = held[0];
	tracers_ask(world.tracers, 1, &waiting.job);
	assert_true(has_happened(&waiting.is_waiting, 0));
	ask_to_seize(&seizing, start_child(&go), 2);
	assert_true(has_happened(&seizing.result, 1));
	assert_int_equal(seizing.result, 0);
	close(go);
	/* not by waiting for it: its tracer's wait is that of its parent, both are one process */
	for (int i = 0; i < WAIT_MS && tracers_bound(world.tracers); i++)
		rest();
	assert_int_equal(sum_of_execs(), EXECS);
	/* what is asked of the one that is held up is answered at the end: not done */
	ask_to_seize(&behind, getpid(), 1);
	assert_true(tracers_are_busy(world.tracers));
	assert_false(tracers_close(world.tracers));
	assert_int_equal(behind.result, ERR_FAILED);
	/* it finds everything that it needs when it goes on */
	assert_int_equal(write(held[1], "", 1), 1);
	for (int i = 0; i < WAIT_MS && threads() > before; i++)
		rest();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_container_has_a_thread_that_ends_with_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_another_process_followed_is_followed_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(who_is_held_up_holds_nobody_up, set_up, NULL),
	};

	return cmocka_run_group_tests_name("tracers", tests, NULL, NULL);
}
