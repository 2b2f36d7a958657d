/* secagent run: one command, watched from its first instruction. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/commands.h"
#include "agent/follow.h"
#include "agent/network.h"
#include "agent/protect.h"
#include "agent/rules.h"
#include "agent/sensor/trace/filter.h"
#include "agent/sensor/trace/tracer.h"
#include "base/log.h"

#define EXIT_NOT_FOUND	    127 /* as a shell has it */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_SIGNAL	    128

struct run_conf {
	struct agent_conf agent;
};

static const struct opt run_opts[] = { AGENT_OPTS(run_conf), TRACE_OPTS(run_conf), OPT_END };

struct run {
	struct agent agent;
	struct tracer *tracer;
	struct filter filter;
	sigset_t signals; /* mask that the command gets */
	pid_t child;
	int go[2];	/* the child waits here until it is traced */
	int failure[2]; /* errno of an exec that failed; closed by one that did not */
};

/* In the child; returns only by exec or exit. */
static void become_command(struct run *run, char **argv)
{
	struct err err = { 0 };
	char go;
	int code;

	close(run->go[1]);
	if (read(run->go[0], &go, 1) != 1)
		_exit(EXIT_NOT_EXECUTABLE);
	if (run->agent.tier != TIER_EVENTS && filter_install(&run->filter, &err) < 0) {
		dprintf(STDERR_FILENO, "secagent: %s\n", err.message);
		_exit(EXIT_NOT_EXECUTABLE);
	}
	pthread_sigmask(SIG_SETMASK, &run->signals, NULL);
	execvp(argv[0], argv);
	code = errno;
	if (write(run->failure[1], &code, sizeof(code)) != sizeof(code))
		_exit(EXIT_NOT_EXECUTABLE);
	_exit(code == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

static int start_command(struct run *run, char **argv, struct err *err)
{
	if (pipe2(run->go, O_CLOEXEC) < 0 || pipe2(run->failure, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_errno(err, ERR_FAILED, "could not make a pipe");
	run->child = fork();
	if (run->child < 0)
		return err_errno(err, ERR_FAILED, "could not fork");
	if (run->child == 0)
		become_command(run, argv);
	close_fd(&run->go[0]);
	close_fd(&run->failure[1]);
	agent_introduce(&run->agent, run->child);
	tracer_watch(run->tracer, run->child);
	/* Without the go the child ends by itself. */
	if (tracer_seize(run->tracer, run->child, 0, err) < 0)
		return err_wrap(err, "this system does not let secagent trace its own child");
	/* Not before: without a capability the child could not be traced. */
	protect_process();
	if (write(run->go[1], "g", 1) != 1)
		return err_errno(err, ERR_FAILED, "could not start the command");
	return 0;
}

/* What a terminal sends, it sends to the command as well; everything else is passed on. */
static void pass_signal(void *context, const siginfo_t *info)
{
	const struct run *run = context;

	if (info->si_code != SI_KERNEL)
		kill(run->child, info->si_signo);
}

/* Until the last descendant: one left behind would have a filter and no tracer, and its calls would fail. */
static bool run_is_done(void *context)
{
	const struct run *run = context;

	return tracer_count(run->tracer) == 0;
}

static int exit_code_of(int status)
{
	return WIFSIGNALED(status) ? EXIT_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

static int finish(struct run *run, char **argv, int *ret_exit, struct err *err)
{
	int code = 0, status = 0;
	ssize_t got = read(run->failure[0], &code, sizeof(code));

	tracer_ended(run->tracer, &status);
	*ret_exit = exit_code_of(status);
	if (got != sizeof(code))
		return 0;
	errno = code;
	return err_errno(err, ERR_FAILED, "could not run \"%s\"", argv[0]);
}

static int run_traced(struct run *run, char **argv, int *ret_exit, struct err *err)
{
	const pid_t sensors[FILTER_SENSORS_MAX] = { getpid() };
	struct sensor_wants wants;
	struct tracer_conf tracer = agent_tracer_conf(&run->agent);
	struct follow follow = { .agent = &run->agent,
				 .context = run,
				 .on_signal = pass_signal,
				 .is_done = run_is_done,
				 .remedy = "until the command is started anew" };

	agent_wants(&run->agent, &wants);
	if (filter_build(&wants, sensors, &run->filter, err) < 0 || tracer_new(&tracer, &run->tracer, err) < 0)
		return err->code;
	agent_rules_sensed(&run->agent, true);
	follow.tracer = run->tracer;
	if (start_command(run, argv, err) < 0)
		return err->code;
	follow_run(&follow);
	return finish(run, argv, ret_exit, err);
}

static void run_close(struct run *run)
{
	tracer_free(run->tracer);
	agent_close(&run->agent);
	for (int i = 0; i < 2; i++) {
		close_fd(&run->go[i]);
		close_fd(&run->failure[i]);
	}
}

static int command_run_main(const void *conf, int argc UNUSED, char **argv, int *ret_exit, struct err *err)
{
	const struct run_conf *run_conf = conf;
	struct run run = { .go = { -1, -1 }, .failure = { -1, -1 } };
	int code;

	follow_block_signals(&run.signals);
	code = agent_open(&run.agent, &run_conf->agent, ORIGIN_RUN, NULL, err);
	if (code == 0)
		code = network_open(&run.agent, ORIGIN_RUN, err);
	if (code == 0)
		code = run_traced(&run, argv, ret_exit, err);
	run_close(&run);
	return code;
}

const struct command command_run = {
	.name = "run",
	.arguments = "-- COMMAND [ARGUMENT]...",
	.summary = "run one command and tell what it does",
	.details =
		"Alerts are printed to standard output as they happen, as Falco prints them. No privileges are "
		"needed;\n"
		"the command cannot gain any either (no_new_privs: sudo and other setuid programs do not work in "
		"it),\n"
		"but with --tier events, where process life alone is seen and they work if secagent has the "
		"capability\n"
		"SYS_PTRACE.\n"
		"secagent ends when the command and everything it started have ended, with the command's exit code\n"
		"(128 + the number of a signal; 126 or 127 if it could not be run). SIGHUP to secagent reads rules "
		"and\n"
		"policies again; other signals go to the command.\n\n"
		"  secagent run -- ./install.sh\n"
		"  secagent run -r rules.yaml -o json -- make test",
	.opts = run_opts,
	.conf_size = sizeof(struct run_conf),
	.args_min = 1,
	.args_max = -1,
	.takes_command_line = true,
	.run = command_run_main,
};
