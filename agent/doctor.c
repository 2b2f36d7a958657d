/* secagent doctor: what this machine lets the sensors do. */
#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/commands.h"

static int check_ptrace(void)
{
	int code = 0;
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	if (child < 0 || ptrace(PTRACE_SEIZE, child, NULL, PTRACE_O_TRACESECCOMP) < 0)
		code = errno;
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return code;
}

static int check_seccomp(void)
{
	uint32_t action = SECCOMP_RET_TRACE;

	return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0 ? errno : 0;
}

static int check_bpf(void)
{
	char unused[256] = { 0 };

	/* An invalid request: the rights are checked before its content. */
	if (syscall(SYS_bpf, 0xffff, unused, sizeof(unused)) < 0 && errno != EINVAL && errno != E2BIG)
		return errno;
	return 0;
}

static const struct {
	const char *name, *needed_for;
	int (*check)(void);
} checks[] = {
	{ "ptrace", "run and task", check_ptrace },
	{ "seccomp", "run and task", check_seccomp },
	{ "bpf", "host", check_bpf },
};

static int command_doctor_main(const void *conf UNUSED, int argc UNUSED, char **argv UNUSED, int *ret_exit,
			       struct err *err UNUSED)
{
	struct utsname name;

	uname(&name);
	printf("kernel   %s %s\n", name.release, name.machine);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int code = checks[i].check();

		printf("%-8s %s (for %s)\n", checks[i].name, code ? strerror(code) : "works", checks[i].needed_for);
		if (code)
			*ret_exit = 1;
	}
	return 0;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "say what this machine lets the sensors do",
	.run = command_doctor_main,
};
