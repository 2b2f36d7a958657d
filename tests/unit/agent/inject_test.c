/* A filter put on real programs as they are executed: they must get it, and notice nothing else. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/sensor/trace/inject.h"

#define REFUSED_ERRNO EXFULL /* no kernel answers getppid() like this */
#define ROUNDS	      200
#define AS_CHILD      "as-child"
#define HAS_FILTER    7
#define HAS_NONE      8

/* What the program itself sees; 0 would be an exit code of many accidents. */
static int child_main(int argc, char **argv)
{
	const char *home = getenv("HOME");
	sigset_t mask;
	bool has_filter;

	if (argc != 3 || strcmp(argv[2], "second argument") != 0 || !home || strcmp(home, "/here") != 0)
		_exit(1);
	if (sigprocmask(SIG_BLOCK, NULL, &mask) < 0 || !sigismember(&mask, SIGUSR2) || sigismember(&mask, SIGUSR1))
		_exit(2);
	has_filter = syscall(SYS_getppid) < 0 && errno == REFUSED_ERRNO;
	if (has_filter && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		_exit(3);
	_exit(has_filter ? HAS_FILTER : HAS_NONE);
}

static void refuse(struct filter *filter, int number, int error)
{
	const struct sock_filter code[] = {
		{ BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr) },
		{ BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)number },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ERRNO | (uint32_t)error },
		{ BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW },
	};

	memcpy(filter->code, code, sizeof(code));
	filter->count = sizeof(code) / sizeof(*code);
}

static void become(char *const argv[], int go, const struct filter *before)
{
	static char *const environment[] = { "HOME=/here", NULL };
	struct err err = { 0 };
	sigset_t mask;
	char byte;

	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR2);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	if (before && filter_install(before, &err) < 0)
		_exit(101);
	if (read(go, &byte, 1) == 1)
		execve(argv[0], argv, environment);
	_exit(100);
}

/* A program that has just been executed; before: a filter that it has already, or NULL. */
static pid_t execute(char *const argv[], const struct filter *before)
{
	int go[2], status;
	pid_t pid;

	assert_int_equal(pipe(go), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		become(argv, go[0], before);
	assert_int_equal(ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD), 0);
	assert_int_equal(write(go[1], "g", 1), 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status >> 8, SIGTRAP | (PTRACE_EVENT_EXEC << 8));
	close(go[0]);
	close(go[1]);
	return pid;
}

static int end_of(pid_t pid, int signal)
{
	int status;

	ptrace(PTRACE_CONT, pid, NULL, (void *)(long)signal);
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status))
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)(status >> 16 ? 0 : WSTOPSIG(status)));
	return status;
}

static char *const self[] = { "/proc/self/exe", AS_CHILD, "second argument", NULL };

static void programs_get_the_filter_and_nothing_else(void **state)
{
	char *const shell[] = { "/bin/sh", "-c", "test $HOME = /here && exit 9", NULL };
	struct injection injection;
	struct filter filter;

	(void)state;
	refuse(&filter, SYS_getppid, REFUSED_ERRNO);
	for (int i = 0; i < ROUNDS; i++) {
		bool is_self = i % 2 == 0;
		pid_t pid = execute(is_self ? self : shell, NULL);

		assert_int_equal(inject_filter(pid, &filter, &injection), INJECTION_DONE);
		assert_int_equal(injection.signal, 0);
		assert_int_equal(end_of(pid, 0), (is_self ? HAS_FILTER : 9) << 8);
	}
}

static void a_large_filter_fits(void **state)
{
	struct injection injection;
	struct filter filter;
	pid_t pid = execute(self, NULL);

	(void)state;
	refuse(&filter, SYS_getppid, REFUSED_ERRNO);
	while (filter.count < FILTER_MAX) {
		filter.code[filter.count] = filter.code[filter.count - 1];
		filter.count++;
	}
	assert_int_equal(inject_filter(pid, &filter, &injection), INJECTION_DONE);
	assert_int_equal(end_of(pid, 0), HAS_FILTER << 8);
}

static void a_profile_that_forbids_filters_leaves_the_program_as_it_is(void **state)
{
	struct injection injection;
	struct filter filter, profile;
	pid_t pid;

	(void)state;
	refuse(&filter, SYS_getppid, REFUSED_ERRNO);
	refuse(&profile, SYS_seccomp, EPERM);
	pid = execute(self, &profile);
	assert_int_equal(inject_filter(pid, &filter, &injection), INJECTION_REFUSED);
	assert_int_equal(end_of(pid, injection.signal), HAS_NONE << 8);
}

static void signals_of_the_meantime_arrive_afterwards(void **state)
{
	struct injection injection;
	struct filter filter;
	int status;
	pid_t pid = execute(self, NULL);

	(void)state;
	refuse(&filter, SYS_getppid, REFUSED_ERRNO);
	kill(pid, SIGTERM);
	assert_int_equal(inject_filter(pid, &filter, &injection), INJECTION_DONE);
	status = end_of(pid, injection.signal);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void a_stop_of_the_meantime_stops_it_afterwards(void **state)
{
	struct injection injection;
	struct filter filter;
	int status;
	pid_t pid = execute(self, NULL);

	(void)state;
	refuse(&filter, SYS_getppid, REFUSED_ERRNO);
	kill(pid, SIGSTOP);
	assert_int_equal(inject_filter(pid, &filter, &injection), INJECTION_DONE);
	assert_true(injection.signal == SIGSTOP || injection.is_stopped);
	if (injection.is_stopped)
		ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	ptrace(PTRACE_CONT, pid, NULL, (void *)(long)injection.signal);
	/* The signal is delivered, then it is stopped. */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status >> 16 == 0 && WIFSTOPPED(status)) {
		ptrace(PTRACE_CONT, pid, NULL, (void *)(long)WSTOPSIG(status));
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	assert_int_equal(status >> 8, SIGSTOP | (PTRACE_EVENT_STOP << 8));
	ptrace(PTRACE_LISTEN, pid, NULL, NULL);
	kill(pid, SIGCONT);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(end_of(pid, 0), HAS_FILTER << 8);
}

static void a_program_that_is_killed_is_told_as_ended(void **state)
{
	struct injection injection;
	struct filter filter;
	pid_t pid = execute(self, NULL);

	(void)state;
	refuse(&filter, SYS_getppid, REFUSED_ERRNO);
	kill(pid, SIGKILL);
	assert_int_equal(inject_filter(pid, &filter, &injection), INJECTION_ENDED);
	assert_true(WIFSIGNALED(injection.status) && WTERMSIG(injection.status) == SIGKILL);
	assert_true(waitpid(pid, NULL, 0) < 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_get_the_filter_and_nothing_else),
		cmocka_unit_test(a_large_filter_fits),
		cmocka_unit_test(a_profile_that_forbids_filters_leaves_the_program_as_it_is),
		cmocka_unit_test(signals_of_the_meantime_arrive_afterwards),
		cmocka_unit_test(a_stop_of_the_meantime_stops_it_afterwards),
		cmocka_unit_test(a_program_that_is_killed_is_told_as_ended),
	};

	if (argc > 1 && strcmp(argv[1], AS_CHILD) == 0)
		return child_main(argc, argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
