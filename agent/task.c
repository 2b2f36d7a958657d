/* secagent task: the sidecar of an ECS task; watches every process that a launcher hands over, and all it starts. */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/commands.h"
#include "agent/follow.h"
#include "agent/intake.h"
#include "agent/network.h"
#include "agent/rules.h"
#include "agent/standby.h"
#include "agent/task.h"
#include "base/log.h"
#include "base/time.h"

/*
 * A task is stopped by SIGTERM to all its containers, and SIGKILL 30 s later. Until the workload has ended the sidecar
 * stays: without a tracer the calls that the filter stops would fail, in the middle of an orderly shutdown.
 */
#define STOP_GRACE_NS (25 * NS_PER_S)

struct task_conf {
	struct agent_conf agent;
	const char *socket;
	const char *exec;
	bool once;
};

static const char *const exec_modes[] = { [EXEC_CALLS] = "calls", [EXEC_EVENTS] = "events", [EXEC_NONE] = "none" };

static const struct opt task_opts[] = {
	AGENT_OPTS(task_conf),
	TRACE_OPTS(task_conf),
	OPT_LAUNCH_SOCKET(task_conf, "socket that launchers find, on a volume that all containers of the task have"),
	OPT(task_conf, exec, "exec", 0, OPT_TEXT, "HOW", "calls",
	    "what is watched of processes that are put into a container from outside (ECS Exec, docker exec, health "
	    "checks): calls (what --tier says; with its filter from their first exec on), events (process life "
	    "alone), none"),
	OPT(task_conf, once, "once", 0, OPT_FLAG, NULL, NULL,
	    "end when all that was handed over has ended, instead of waiting for more"),
	OPT_END,
};

static struct metadata *ask_metadata(const char *uri, const char *who)
{
	struct metadata *metadata = NULL;
	struct err err = { 0 };

	if (!uri || !*uri)
		log_warn("no-metadata", "ECS_CONTAINER_METADATA_URI_V4 is not set for %s", who);
	else if (metadata_fetch(uri, METADATA_WAIT_NS, &metadata, &err) < 0)
		log_warn("no-metadata", "%s; going on without what it would say about %s", err.message, who);
	return metadata;
}

/* In the gate's thread: the endpoint may be slow, and nobody else waits for it here. */
static void *prepare(void *context UNUSED, const struct gate_request *request)
{
	char who[32];

	snprintf(who, sizeof(who), "process %d", request->pid);
	return ask_metadata(request->uri[0] ? request->uri : getenv("ECS_CONTAINER_METADATA_URI_V4"), who);
}

static void wake(void *context)
{
	struct task *task = context;

	pthread_kill(task->thread, FOLLOW_WAKE);
}

static bool is_idle(const struct task *task)
{
	return task->handovers == 0 && !tracers_are_busy(task->tracers) && tracers_bound(task->tracers) == 0;
}

static int make_filter(struct task *task, struct err *err)
{
	const pid_t sensors[FILTER_SENSORS_MAX] = { getpid(), getppid() };
	struct sensor_wants wants;
	struct filter filter = { .count = 0 };

	agent_wants(&task->agent, &wants);
	if (task->agent.tier != TIER_EVENTS && filter_build(&wants, sensors, &filter, err) < 0)
		return err->code;
	task->filter = filter;
	if (is_idle(task))
		agent_rules_sensed(&task->agent, true);
	return 0;
}

/* What runs keeps its filter for ever; what is launched from now on gets a new one. */
static void use_rules(void *context)
{
	struct task *task = context;
	struct err err = { 0 };

	if (make_filter(task, &err) < 0)
		log_error("filter-not-made", "%s; what is launched is watched as before", err.message);
}

/* What an entrant executes has no filter yet. The programs of the platform's agent get none: they are not the workload's. */
static bool filter_of(void *context, pid_t pid, struct filter *ret)
{
	const struct task *task = context;
	const struct execution *execution = process_table_get(pipeline_processes(task->agent.pipeline), pid);

	if (task->exec != EXEC_CALLS || !task->filter.count ||
	    (execution && exec_session_is_agent(execution->view.exe_path)))
		return false;
	*ret = task->filter;
	return true;
}

static int on_look(void *context)
{
	struct task *task = context;
	struct gate_request request;
	struct entrant entrant;

	while (gate_take(task->gate, &request))
		intake_launched(task, &request);
	while (task->entrants && entrants_take(task->entrants, &entrant))
		intake_entrant(task, &entrant);
	if (task->entrants)
		pipeline_not_followed(task->agent.pipeline, entrants_lost(task->entrants));
	return tracers_step(task->tracers);
}

static void on_signal(void *context, const siginfo_t *info)
{
	struct task *task = context;

	if (info->si_signo == SIGTERM || info->si_signo == SIGINT)
		task->stop_ns = task->stop_ns ? 1 : time_monotonic_ns() + STOP_GRACE_NS;
}

static bool task_is_done(void *context)
{
	const struct task *task = context;
	bool idle = is_idle(task);

	task->ledger->last_ns = time_now_ns();
	if (task->stop_ns && (idle || time_monotonic_ns() >= task->stop_ns))
		return true;
	return task->once && task->had_one && idle;
}

/* After the death of another tracer: what it followed is stopped at nothing, and gets its containers again. */
static void follow_on(struct task *task)
{
	bool is_asked[LEDGER_OWNERS] = { false };

	task->had_one = task->ledger->launches > 0;
	pipeline_took_over(task->agent.pipeline);
	for (pid_t pid = 1; pid <= task->ledger->highest; pid++) {
		uint8_t owner = ledger_owner(task->ledger, pid);

		if (owner && !is_asked[owner])
			intake_followed(task, owner);
		is_asked[owner] = true;
	}
	log_warn("followed-on", "another tracer follows %zu threads on; what happened in between is not known",
		 tracers_count(task->tracers));
}

static bool is_due(void *context, unsigned int lane)
{
	const struct task *task = context;

	return pipeline_is_due(task->agent.pipeline, lane);
}

static bool has_pending(void *context, unsigned int lane)
{
	struct task *task = context;
	bool has_pending;

	turn_take(task->turn);
	has_pending = task->agent.pipeline && pipeline_has_pending(task->agent.pipeline, lane);
	turn_give(task->turn);
	return has_pending;
}

static void look_at_files(void *context, unsigned int lane, bool all)
{
	struct task *task = context;

	turn_take(task->turn);
	if (task->agent.pipeline)
		pipeline_look(task->agent.pipeline, lane, all);
	turn_give(task->turn);
}

static int choose_exec(struct task *task, const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(exec_modes); i++) {
		if (strcmp(name, exec_modes[i]) == 0) {
			task->exec = (enum exec_mode)i;
			return 0;
		}
	}
	return err_set(err, ERR_USAGE, "exec is \"%s\", but must be calls, events or none", name);
}

static int task_run(struct task *task, const char *socket, bool is_successor, struct err *err)
{
	struct gate_conf gate = { socket, prepare, wake, task };
	struct entrants_conf entrants = { .ledger = task->ledger, .wake = wake, .context = task };
	struct tracer_conf tracer = agent_tracer_conf(&task->agent);
	struct follow follow = { .agent = &task->agent,
				 .turn = task->turn,
				 .context = task,
				 .on_look = on_look,
				 .on_signal = on_signal,
				 .is_done = task_is_done,
				 .on_rules = use_rules,
				 .remedy = "in what runs already, but in what is launched from now on" };

	if (make_filter(task, err) < 0)
		return err->code;
	/* The sidecar's own view first, so that its first heartbeat already names the task; launchers can wait so long. */
	agent_use_metadata(&task->agent, ask_metadata(getenv("ECS_CONTAINER_METADATA_URI_V4"), "the sidecar"));
	if (is_successor)
		follow_on(task);
	tracer.filter = filter_of;
	tracer.caller = task;
	tracer.turn = task->turn;
	tracers_use(task->tracers, &tracer);
	if (gate_open(&gate, &task->gate, err) < 0)
		return err->code;
	if (task->exec != EXEC_NONE && entrants_open(&entrants, &task->entrants, err) < 0)
		return err->code;
	log_info("listening", "launchers are awaited at \"%s\"", socket);
	turn_give(task->turn);
	follow_run(&follow);
	turn_take(task->turn);
	if (tracers_bound(task->tracers))
		log_warn("left-alone", "%zu threads lose their sensor now; calls that it watched will fail in them",
			 tracers_bound(task->tracers));
	return 0;
}

/* In turn; the turn is not given back to tracers that do not end: they find nothing any more that they could use. */
static void task_close(struct task *task)
{
	bool is_clean;

	entrants_close(task->entrants);
	gate_close(task->gate);
	task->agent.hand_on = NULL;
	turn_give(task->turn);
	is_clean = tracers_close(task->tracers);
	turn_take(task->turn);
	if (!is_clean)
		log_warn("tracer-held-up", "a container keeps its tracer waiting; what it waits for is given up");
	for (unsigned int lane = 1; !is_clean && task->agent.pipeline && lane <= TRACERS_MAX; lane++)
		pipeline_give_up(task->agent.pipeline, lane);
	agent_close(&task->agent);
	if (is_clean) {
		turn_give(task->turn);
		turn_free(task->turn);
	}
}

/* The work, in a process of its own. A successor takes hold of what is left alone before it does anything else. */
static int task_work(struct task *task, const struct task_conf *conf, bool is_successor, struct err *err)
{
	const struct tracers_conf tracers = { .ledger = task->ledger,
					      .context = task,
					      .is_due = is_due,
					      .has_pending = has_pending,
					      .look = look_at_files,
					      .wake = wake };
	sigset_t former;
	int code;

	/* Memory that each thread keeps for itself is memory that the task does not have. */
	mallopt(M_ARENA_MAX, 1);
	follow_block_signals(&former);
	if (choose_exec(task, conf->exec, err) < 0)
		return err->code;
	task->turn = turn_new();
	code = task->turn ? tracers_open(&tracers, &task->tracers, err) : err_set(err, ERR_MEMORY, "out of memory");
	if (code == 0 && is_successor) {
		tracers_adopt(task->tracers);
		ledger_succeed(task->ledger);
	}
	turn_take(task->turn);
	if (code == 0)
		code = agent_open(&task->agent, &conf->agent, ORIGIN_TASK, task->ledger, err);
	task->agent.ledger = task->ledger;
	task->agent.hand_on = intake_connection;
	if (code == 0)
		code = network_open(&task->agent, ORIGIN_TASK, err);
	if (code == 0)
		code = task_run(task, conf->socket, is_successor, err);
	task_close(task);
	return code;
}

static int command_task_main(const void *conf, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct task_conf *task_conf = conf;
	static struct task task; /* tracers that are held up go on looking at it */
	int role;

	task.once = task_conf->once;
	task.ledger = ledger_new();
	role = task.ledger ? standby_split(ret_exit, err) : err_set(err, ERR_MEMORY, "out of memory");
	if (role < 0 || role == STANDBY_OVER)
		return role < 0 ? role : 0;
	task.thread = pthread_self();
	return task_work(&task, task_conf, role == STANDBY_SUCCESSOR, err);
}

const struct command command_task = {
	.name = "task",
	.summary = "watch the containers of an ECS task, as its sidecar",
	.details =
		"Every other container starts its command through seclaunch, which finds the sidecar by a socket "
		"on a\n"
		"shared volume. The task needs pidMode \"task\", and this container the capability SYS_PTRACE.\n"
		"Processes that are put into a container from outside, as ECS Exec does, are found and followed, see "
		"--exec.\n"
		"Names of task, cluster, containers and images come from the metadata endpoint of ECS.\n"
		"Files of rules and policies are read again when they change, and by SIGHUP.\n"
		"If the process that traces is killed, another one follows on what it watched.\n"
		"SIGTERM ends it when the workload has ended, after 25 seconds at the latest; a second one at once.",
	.opts = task_opts,
	.conf_size = sizeof(struct task_conf),
	.run = command_task_main,
};
