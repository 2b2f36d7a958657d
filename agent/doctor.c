/* secagent doctor: what this machine lets the sensors do. */
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/commands.h"
#include "agent/sensor/bpf/sensor_bpf.h"

static int check_ptrace(struct err *err)
{
	int code = 0;
	pid_t child = fork();

	if (child == 0) {
		pause();
		_exit(0);
	}
	if (child < 0 || ptrace(PTRACE_SEIZE, child, NULL, PTRACE_O_TRACESECCOMP) < 0)
		code = err_errno(err, ERR_DENIED, "cannot trace a child");
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return code;
}

static int check_seccomp(struct err *err)
{
	uint32_t action = SECCOMP_RET_TRACE;

	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) < 0)
		return err_errno(err, ERR_DENIED, "cannot stop a process at a call");
	return 0;
}

/* All but the programs that no rule asks for. */
static int check_bpf(struct err *err)
{
	struct sensor_wants wants = { 0 };
	struct sensor_bpf *sensor;
	int code = sensor_bpf_open(&wants, &sensor, err);

	sensor_bpf_close(sensor);
	return code;
}

static const struct {
	const char *name, *needed_for;
	int (*check)(struct err *err);
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
		struct err reason = { 0 };
		int code = checks[i].check(&reason);

		printf("%-8s %s (for %s)\n", checks[i].name, code < 0 ? reason.message : "works",
		       checks[i].needed_for);
		if (code < 0)
			*ret_exit = 1;
	}
	return 0;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "say what this machine lets the sensors do",
	.run = command_doctor_main,
};
