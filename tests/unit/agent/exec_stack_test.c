/* What a program was started with, by its stack and by /proc: the same. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/sensor/trace/arch.h"
#include "agent/sensor/trace/exec_stack.h"
#include "base/attr.h"

#define MANY 2000 /* arguments: their addresses alone do not fit what is looked at */

struct launch {
	const char *path;
	char *const *args, *const *environment;
	int fd; /* the program, if path is "" */
};

static void run_child(const struct launch *launch)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	if (launch->path[0])
		execve(launch->path, launch->args, launch->environment);
	else
		syscall(SYS_execveat, launch->fd, "", launch->args, launch->environment, AT_EMPTY_PATH);
	_exit(127);
}

/* A process held at the stop of its exec. */
static pid_t start(const struct launch *launch)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		run_child(launch);
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL), 0);
	assert_int_equal(ptrace(PTRACE_CONT, child, NULL, NULL), 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(status >> 16, PTRACE_EVENT_EXEC);
	return child;
}

static void end(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static bool read_start(pid_t child, struct exec_start *ret)
{
	uint64_t stack;
	long number;

	assert_true(arch_after_exec(child, &number, &stack));
	assert_true(number == SYS_execve || number == SYS_execveat);
	assert_true(stack != 0);
	return exec_stack_read(child, stack, ret);
}

static void assert_same(const struct launch *launch)
{
	static struct exec_start found;
	static char line[PROC_CMDLINE_MAX];
	pid_t child = start(launch);
	struct proc_status status;
	size_t length = proc_cmdline(child, line, sizeof(line));

	assert_true(proc_status_read(child, &status));
	assert_true(read_start(child, &found));
	assert_int_equal(found.args_length, length);
	assert_memory_equal(found.args, line, length);
	assert_int_equal(found.uid, status.uid);
	assert_int_equal(found.gid, status.gid);
	if (launch->path[0])
		assert_string_equal(found.comm, status.name);
	else
		assert_null(found.comm);
	end(child);
}

static char *no_environment[] = { NULL };
static char *some_environment[] = { "HOME=/", "EMPTY=", "PATH=/usr/bin:/bin", NULL };

static void arguments_are_those_of_proc(void **state)
{
	char *plain[] = { "true", "one", "", "three words here", NULL };
	char *alone[] = { "/bin/true", NULL };
	const struct launch cases[] = {
		{ "/bin/true", plain, some_environment, -1 },
		{ "/bin/true", alone, no_environment, -1 },
		{ "/bin/../bin/true", plain, no_environment, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_same(&cases[i]);
}

static void a_long_argument_is_read_where_it_lies(void **state)
{
	static char text[EXEC_STACK_MAX * 2];
	char *args[] = { "true", text, "end", NULL };

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	assert_same(&(struct launch){ "/bin/true", args, some_environment, -1 });
}

static void more_than_is_kept_is_cut(void **state)
{
	static char text[PROC_CMDLINE_MAX * 2];
	static struct exec_start found;
	char *args[] = { "true", text, NULL };
	pid_t child;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	child = start(&(struct launch){ "/bin/true", args, no_environment, -1 });
	assert_true(read_start(child, &found));
	assert_true(found.is_cut);
	assert_int_equal(found.args_length, PROC_CMDLINE_MAX);
	assert_memory_equal(found.args, "true", sizeof("true"));
	end(child);
}

static void more_arguments_than_are_looked_at_are_left_to_proc(void **state)
{
	static char *args[MANY + 1];
	static struct exec_start found;
	pid_t child;

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		args[i] = "x";
	child = start(&(struct launch){ "/bin/true", args, no_environment, -1 });
	assert_false(read_start(child, &found));
	end(child);
}

static void a_script_is_called_by_its_own_name(void **state)
{
	char path[] = "/tmp/a-script-with-a-long-name-XXXXXX", *args[] = { path, "argument", NULL };
	int fd = mkostemp(path, O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_true(dprintf(fd, "#!/bin/sh -e\n:\n") > 0);
	assert_int_equal(fchmod(fd, 0700), 0);
	close(fd);
	assert_same(&(struct launch){ path, args, some_environment, -1 });
	unlink(path);
}

static void a_descriptor_has_a_name_that_only_the_kernel_knows(void **state)
{
	char *args[] = { "called-otherwise", NULL };
	int fd = open("/bin/true", O_PATH);

	(void)state;
	assert_true(fd >= 0);
	assert_same(&(struct launch){ "", args, some_environment, fd });
	close(fd);
}

static void nonsense_is_refused(void **state)
{
	static const uint64_t cases[][6] = {
		{ 0 },			    /* no argument */
		{ 1, 4096, 7, 0 },	    /* no 0 behind the arguments */
		{ UINT64_MAX, 4096, 0 },    /* more arguments than there is room */
		{ 1, 4096, 0, 1, 2, 3 },    /* an environment without end */
		{ 1, 4096, 0, 100, 0, 0 },  /* an environment below the arguments, no path */
		{ 1, 4096, 0, 0, 31, 100 }, /* a path below the arguments */
	};
	struct exec_stack found;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_false(exec_stack_parse(cases[i], sizeof(cases[i]), &found));
	assert_false(exec_stack_parse(cases[0], 0, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_those_of_proc),
		cmocka_unit_test(a_long_argument_is_read_where_it_lies),
		cmocka_unit_test(more_than_is_kept_is_cut),
		cmocka_unit_test(more_arguments_than_are_looked_at_are_left_to_proc),
		cmocka_unit_test(a_script_is_called_by_its_own_name),
		cmocka_unit_test(a_descriptor_has_a_name_that_only_the_kernel_knows),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
