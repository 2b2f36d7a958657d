/* secagent inside: the tracer of one container, inside of it, where no sidecar can trace it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/commands.h"
#include "agent/entered.h"
#include "agent/entrants.h"
#include "agent/follow.h"
#include "agent/gate.h"
#include "agent/launch/become.h"
#include "agent/launch/client.h"
#include "agent/network.h"
#include "agent/proc/proc.h"
#include "agent/rules.h"
#include "agent/sensor/trace/ledger.h"
#include "agent/sensor/trace/tracer.h"
#include "agent/standby.h"
#include "agent/state/exec_session.h"
#include "base/file.h"
#include "base/log.h"
#include "base/time.h"

#define READY_WAIT_MS	10000	       /* for the rules to be loaded; a sensor that dies is noticed at once */
#define LAST_WORDS_NS	(2 * NS_PER_S) /* the end of the container waits for it */
#define STOP_GRACE_NS	(25 * NS_PER_S)
#define DESCRIPTORS_MAX 65536 /* closed one by one where the kernel has no close_range() (before 5.9) */
#define SYS_PTRACE_BIT	19    /* CAP_SYS_PTRACE */

struct inside_conf {
	struct agent_conf agent;
	const char *alerts;
	bool require;
};

static const struct opt inside_opts[] = {
	AGENT_OPTS(inside_conf),
	TRACE_OPTS(inside_conf),
	OPT(inside_conf, alerts, "alerts", 0, OPT_TEXT, "FILE", NULL,
	    "append alerts to this file; default: standard error of the container"),
	OPT(inside_conf, require, "require", 0, OPT_FLAG, NULL, NULL,
	    "do not start the command when it cannot be watched (exit code 70)"),
	OPT_END,
};

struct inside {
	struct agent agent;
	const struct inside_conf *conf;
	struct tracer *tracer;
	struct ledger *ledger;
	struct filter filter;
	struct entrants *entrants; /* NULL: none are looked for */
	pthread_t thread;
	pid_t command;
	int answer;	 /* where the command waits for its filter */
	int64_t stop_ns; /* CLOCK_MONOTONIC; 0 = runs on */
};

static void say_limits(void)
{
	struct proc_capabilities capabilities = { 0 };

	if (!proc_capabilities_read(getpid(), &capabilities) ||
	    capabilities.effective & (UINT64_C(1) << SYS_PTRACE_BIT))
		return;
	log_warn("limits",
		 "without the capability SYS_PTRACE, executable and folder of processes that become another user's "
		 "cannot be read");
}

static int make_filter(struct inside *inside, struct err *err)
{
	const pid_t sensors[FILTER_SENSORS_MAX] = { getpid(), getppid() };
	struct sensor_wants wants;

	agent_wants(&inside->agent, &wants);
	return inside->agent.tier == TIER_EVENTS ? 0 : filter_build(&wants, sensors, &inside->filter, err);
}

/* What was put in from outside gets it at its next exec. The programs of the platform's agent get none: they are not the workload's. */
static bool filter_of(void *context, pid_t pid, struct filter *ret)
{
	const struct inside *inside = context;
	const struct execution *execution = process_table_get(pipeline_processes(inside->agent.pipeline), pid);

	if (!inside->filter.count || (execution && exec_session_is_agent(execution->view.exe_path)))
		return false;
	*ret = inside->filter;
	return true;
}

static void wake(void *context)
{
	const struct inside *inside = context;

	pthread_kill(inside->thread, FOLLOW_WAKE);
}

/* Which container this is, as the command's own process is known. */
static const struct container_identity *container_of(const struct inside *inside)
{
	const struct execution *execution =
		process_table_get(pipeline_processes(inside->agent.pipeline), inside->command);

	return execution ? execution->container : NULL;
}

static void follow_entrants(struct inside *inside)
{
	struct entrant entrant;

	while (inside->entrants && entrants_take(inside->entrants, &entrant)) {
		struct err err = { 0 };
		int left;

		if (ledger_owner(inside->ledger, entrant.pid))
			continue;
		left = tracer_enter(inside->tracer, entrant.pid, entrant.owner, &err);
		entered_tell(&inside->agent, &entrant, container_of(inside), inside->ledger->started_ns[LEDGER_FIRST],
			     left, &err);
	}
	if (inside->entrants)
		pipeline_not_followed(inside->agent.pipeline, entrants_lost(inside->entrants));
}

/* The command waits in client_obey(). */
static int take_over(struct inside *inside, struct err *err)
{
	struct gate_request request = { .fd = inside->answer, .pid = inside->command, .version = LAUNCH_VERSION };
	uint8_t owner;
	char byte;

	/* Yama wants to be told first who may trace. */
	if (read(inside->answer, &byte, 1) != 1)
		return err_set(err, ERR_FAILED, "the command has ended before it could be watched");
	agent_introduce(&inside->agent, inside->command);
	owner = ledger_launch(inside->ledger, "", time_now_ns());
	if (tracer_seize(inside->tracer, inside->command, owner, err) < 0) {
		gate_answer(&request, LAUNCH_UNFILTERED, NULL, err->message);
		return err->code;
	}
	agent_rules_sensed(&inside->agent, true);
	gate_answer(&request, LAUNCH_GO, &inside->filter, NULL);
	return 0;
}

/* After the death of another tracer. */
static void follow_on(struct inside *inside)
{
	struct process_table *processes = pipeline_processes(inside->agent.pipeline);
	const struct container_identity *container;

	agent_introduce(&inside->agent, inside->command);
	container = container_of(inside);
	for (pid_t pid = 1; pid <= inside->ledger->highest; pid++) {
		if (inside->ledger->owners[pid] && tracer_is_process(inside->tracer, pid))
			process_table_assign(processes, pid, container, inside->ledger->started_ns[1]);
	}
	pipeline_took_over(inside->agent.pipeline);
	log_warn("followed-on", "another tracer follows %zu threads on; what happened in between is not known",
		 tracer_count(inside->tracer));
}

static void on_signal(void *context, const siginfo_t *info)
{
	struct inside *inside = context;

	follow_entrants(inside);
	if (info->si_signo == SIGTERM || info->si_signo == SIGINT)
		inside->stop_ns = inside->stop_ns ? 1 : time_monotonic_ns() + STOP_GRACE_NS;
}

static bool is_done(void *context)
{
	const struct inside *inside = context;

	inside->ledger->last_ns = time_now_ns();
	return tracer_bound(inside->tracer) == 0 || (inside->stop_ns && time_monotonic_ns() >= inside->stop_ns);
}

/* The container ends, and takes this process along. */
static void on_last(void *context)
{
	struct inside *inside = context;

	agent_last_words(&inside->agent, LAST_WORDS_NS);
}

static int inside_run(struct inside *inside, struct err *err)
{
	const struct entrants_conf entrants = {
		.ledger = inside->ledger, .is_inside = true, .wake = wake, .context = inside
	};
	struct tracer_conf tracer = agent_tracer_conf(&inside->agent);
	struct follow follow = { .agent = &inside->agent,
				 .tracer = inside->tracer,
				 .context = inside,
				 .on_signal = on_signal,
				 .is_done = is_done,
				 .remedy = "until the container is started anew" };

	tracer.filter = filter_of;
	tracer.on_last = on_last;
	tracer.caller = inside;
	tracer_use(inside->tracer, &tracer);
	say_limits();
	if (make_filter(inside, err) < 0)
		return err->code;
	/* The one before may have died before it took over. */
	if (inside->ledger->launches)
		follow_on(inside);
	else if (take_over(inside, err) < 0)
		return err->code;
	if (entrants_open(&entrants, &inside->entrants, err) < 0)
		return err->code;
	follow_run(&follow);
	entrants_close(TAKE(inside->entrants));
	if (tracer_bound(inside->tracer))
		log_warn("left-alone", "%zu threads lose their sensor now; calls that it watched will fail in them",
			 tracer_bound(inside->tracer));
	return 0;
}

static int inside_work(struct inside *inside, struct err *err)
{
	const struct tracer_conf tracer = { .ledger = inside->ledger, .first = inside->command == 1 ? 1 : 0 };
	sigset_t former;
	int code;

	inside->thread = pthread_self();
	follow_block_signals(&former);
	code = tracer_new(&tracer, &inside->tracer, err);
	if (code == 0 && inside->ledger->launches) {
		/* Those that are known already first and at once: each moment one of their calls may fail. */
		tracer_adopt(inside->tracer, NULL, NULL);
		ledger_complete(inside->ledger);
		tracer_adopt(inside->tracer, NULL, NULL);
		ledger_succeed(inside->ledger);
	}
	if (code == 0)
		code = agent_open(&inside->agent, &inside->conf->agent, ORIGIN_TASK, inside->ledger, err);
	/* Other containers of the task have the same network: what is seen is what the command's calls say. */
	if (code == 0)
		code = network_open(&inside->agent, ORIGIN_RUN, err);
	if (code == 0)
		code = inside_run(inside, err);
	tracer_free(inside->tracer);
	agent_close(&inside->agent);
	return code;
}

static void close_from(int first)
{
	if (syscall(SYS_close_range, first, ~0U, 0) == 0)
		return;
	for (int fd = first; fd < DESCRIPTORS_MAX; fd++)
		close(fd);
}

/* Keeps nothing open that is the command's, but standard error; *fd moves. */
static int detach(const char *alerts, int *fd, struct err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), out = -1;

	setsid();
	if (alerts) {
		out = open(alerts, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
		if (out < 0)
			return err_errno(err, ERR_FAILED, "could not open \"%s\"", alerts);
	}
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	dup2(out >= 0 ? out : STDERR_FILENO, STDOUT_FILENO);
	if (*fd != STDERR_FILENO + 1)
		*fd = dup2(*fd, STDERR_FILENO + 1);
	fcntl(*fd, F_SETFD, FD_CLOEXEC);
	close_from(STDERR_FILENO + 2);
	return chdir("/") < 0 ? err_errno(err, ERR_FAILED, "could not change to /") : 0;
}

/* In the process that stands by, and in those that it starts. */
static int watch(struct inside *inside, int *ret_exit, struct err *err)
{
	int role = detach(inside->conf->alerts, &inside->answer, err);

	if (role == 0)
		role = standby_split(ret_exit, err);
	if (role < 0 || role == STANDBY_OVER)
		return role < 0 ? role : 0;
	return inside_work(inside, err);
}

/*
 * A child whose end sends no signal: wait() does not tell the command of it, and does not wait for it, as long as it executes
 * nothing and keeps its parent. That is why it is not started by an exec, nor by forking twice: who loses his parent becomes
 * an ordinary child of process 1, which is the command.
 */
static pid_t fork_unheard(void)
{
	return (pid_t)syscall(SYS_clone, 0L, NULL, NULL, NULL, NULL);
}

static int hand_over(int fd, pid_t sensor, struct err *err)
{
	const struct client_wait wait = client_wait(READY_WAIT_MS);

	prctl(PR_SET_PTRACER, sensor, 0, 0, 0);
	if (send(fd, "g", 1, MSG_NOSIGNAL) != 1)
		return err_errno(err, ERR_FAILED, "could not speak to the sensor");
	return client_obey(fd, &wait, err);
}

static int command_inside_main(const void *conf, int argc UNUSED, char **argv, int *ret_exit, struct err *err)
{
	const struct inside_conf *inside_conf = conf;
	struct inside inside = { .conf = inside_conf, .ledger = ledger_new(), .command = getpid() };
	int ends[2], code = ERR_FAILED;
	pid_t sensor = -1;

	if (!inside.ledger || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		err_errno(err, ERR_FAILED, "could not make what the sensor needs");
	else if ((sensor = fork_unheard()) < 0)
		err_errno(err, ERR_FAILED, "could not fork");
	inside.answer = sensor >= 0 ? ends[1] : -1;
	if (sensor == 0)
		return watch(&inside, ret_exit, err);
	if (sensor > 0) {
		close_fd(&inside.answer);
		code = hand_over(ends[0], sensor, err);
		close_fd(&ends[0]);
	}
	return become_command("secagent", argv, code == 0, inside_conf->require, ret_exit, err);
}

const struct command command_inside = {
	.name = "inside",
	.arguments = "-- COMMAND [ARGUMENT]...",
	.summary = "watch one container from inside, and become its command",
	.details = "For tasks without a common pid namespace, or without the capability SYS_PTRACE; started by "
		   "seclaunch.\n"
		   "This process becomes the command: its number, signals, exit code and files are the command's "
		   "own. A child,\n"
		   "which the command does not hear of, traces it. It ends with the container, after the last events "
		   "have\n"
		   "been delivered, for which two seconds are left. In a container options are given by the "
		   "environment:\n"
		   "CLEWLINE_COLLECTOR, CLEWLINE_SPOOL, CLEWLINE_RULES ...",
	.opts = inside_opts,
	.conf_size = sizeof(struct inside_conf),
	.args_min = 1,
	.args_max = -1,
	.takes_command_line = true,
	.run = command_inside_main,
};
