/* What a tracer tells of processes on the real kernel, where the order of what the kernel reports is not the order of what happened. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/proc/proc.h"
#include "agent/sensor/trace/tracer.h"
#include "base/time.h"

#define TOLD_MAX 16
#define WAIT_NS	 (60 * NS_PER_S)

struct told {
	enum sensor_call call;
	pid_t pid, child;
	int64_t result;
};

struct story {
	struct told told[TOLD_MAX];
	size_t count;
	uint64_t lost;
};

static void take(void *context, const struct sensor_event *event)
{
	struct story *story = context;

	assert_true(story->count < TOLD_MAX);
	story->told[story->count++] = (struct told){ event->call, event->pid, event->child, event->result };
	story->lost += event->lost;
}

/* A process of a process of ours: the kernel lists it, and what it makes, with the newest first. */
static pid_t start_parent(int go, pid_t *ret_helper)
{
	int numbers[2];
	pid_t parent = 0;

	assert_int_equal(pipe(numbers), 0);
	*ret_helper = fork();
	assert_true(*ret_helper >= 0);
	if (*ret_helper == 0) {
		char byte;

		parent = fork();
		if (parent == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (read(go, &byte, 1) == 1 && fork() == 0)
				pause();
			wait(NULL);
			_exit(0);
		}
		if (write(numbers[1], &parent, sizeof(parent)) != sizeof(parent))
			_exit(1);
		waitpid(parent, NULL, 0);
		_exit(0);
	}
	assert_int_equal(read(numbers[0], &parent, sizeof(parent)), sizeof(parent));
	close(numbers[0]);
	close(numbers[1]);
	return parent;
}

static pid_t child_of(pid_t parent)
{
	char path[64];
	FILE *file;
	int child = 0;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", parent, parent);
	for (int64_t end_ns = time_monotonic_ns() + WAIT_NS; child == 0 && time_monotonic_ns() < end_ns;
	     usleep(1000)) {
		file = fopen(path, "r");
		assert_non_null(file);
		if (fscanf(file, "%d", &child) != 1)
			child = 0;
		fclose(file);
	}
	assert_true(child > 0);
	return child;
}

static void wait_for_zombie(pid_t pid)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int64_t end_ns = time_monotonic_ns() + WAIT_NS; state != 'Z' && time_monotonic_ns() < end_ns;
	     usleep(1000)) {
		file = fopen(path, "r");
		assert_non_null(file);
		assert_int_equal(fscanf(file, "%*d (%*[^)]) %c", &state), 1);
		fclose(file);
	}
	assert_int_equal(state, 'Z');
}

/* Its end is reported first, then the call of its parent that made it. */
static void a_child_that_was_killed_before_its_birth_is_told(void **state)
{
	static const atomic_int never;
	struct story story = { .count = 0 };
	const struct tracer_conf conf = { .handler = take, .context = &story };
	struct tracer *tracer;
	struct err err = { 0 };
	pid_t helper, parent, child;
	int go[2];

	(void)state;
	assert_int_equal(pipe(go), 0);
	parent = start_parent(go[0], &helper);
	assert_int_equal(tracer_new(&conf, &tracer, &err), 0);
	assert_int_equal(tracer_seize(tracer, parent, 0, &err), 0);
	assert_int_equal(write(go[1], "g", 1), 1);
	child = child_of(parent);
	assert_int_equal(kill(child, SIGKILL), 0);
	wait_for_zombie(child);
	tracer_run(tracer, &never);

	assert_int_equal(story.count, 3);
	assert_int_equal(story.told[0].call, SENSOR_FORK);
	assert_int_equal(story.told[0].child, child);
	assert_int_equal(story.told[1].call, SENSOR_PROCEXIT);
	assert_int_equal(story.told[1].pid, child);
	assert_int_equal(story.told[1].result, SIGKILL);
	assert_int_equal(story.told[2].call, SENSOR_PROCEXIT);
	assert_int_equal(story.told[2].pid, parent);
	assert_int_equal(story.lost, 0);
	assert_int_equal(tracer_count(tracer), 0);
	tracer_free(tracer);
	close(go[0]);
	close(go[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_that_was_killed_before_its_birth_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
