/* secagent task: the sidecar of an ECS task; watches every process that a launcher hands over, and all it starts. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/commands.h"
#include "agent/entrants.h"
#include "agent/follow.h"
#include "agent/gate.h"
#include "agent/network.h"
#include "agent/role.h"
#include "agent/rules.h"
#include "agent/sensor/trace/ledger.h"
#include "agent/sensor/trace/tracer.h"
#include "agent/standby.h"
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

/* What is done with processes that are put into a container from outside. */
enum exec_mode { EXEC_CALLS, EXEC_EVENTS, EXEC_NONE };

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

struct task {
	struct agent agent;
	struct tracer *tracer;
	struct ledger *ledger;
	struct gate *gate;
	struct entrants *entrants; /* NULL: none are looked for */
	struct filter filter;
	enum exec_mode exec;
	pthread_t thread; /* of the tracer */
	bool once, had_one;
	int64_t stop_ns; /* CLOCK_MONOTONIC; 0 = runs on */
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

/* The address that the launcher hands over names its container exactly; control groups are the second way. */
static const struct container_identity *find_container(const struct metadata *metadata, const char *uri, pid_t pid)
{
	const struct container_identity *container = NULL;
	char id[PROC_CONTAINER_ID_MAX];

	if (*uri)
		container = metadata_find_uri(metadata, uri);
	if (!container && proc_container_id(pid, id))
		container = metadata_find_id(metadata, id);
	return container;
}

static void take_over(struct task *task, struct gate_request *request)
{
	struct metadata *metadata = request->prepared;
	const struct container_identity *container =
		metadata ? find_container(metadata, request->uri, request->pid) : NULL;
	bool is_first = tracer_bound(task->tracer) == 0;
	uint8_t owner = ledger_launch(task->ledger, request->uri, time_now_ns());
	struct err err = { 0 };

	agent_use_metadata(&task->agent, metadata);
	agent_role_offer(&task->agent, request->pid);
	if (tracer_seize(task->tracer, request->pid, owner, &err) < 0) {
		log_error("not-traced", "%s: the sidecar needs the capability SYS_PTRACE", err.message);
		gate_answer(request, LAUNCH_INSIDE, NULL, err.message);
		return;
	}
	agent_rules_sensed(&task->agent, is_first);
	if (owner != LEDGER_NO_LAUNCH)
		task->ledger->mounts[owner] = proc_mounts(request->pid);
	if (task->entrants)
		entrants_ask(task->entrants);
	process_table_assign(pipeline_processes(task->agent.pipeline), request->pid, container, 0);
	task->had_one = true;
	log_info("traced", "process %d of container \"%s\" is watched", request->pid,
		 container && container->info.name ? container->info.name : "(not known)");
	gate_answer(request, LAUNCH_GO, &task->filter, NULL);
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
	if (!task->tracer || tracer_bound(task->tracer) == 0)
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
static const struct filter *filter_of(void *context, pid_t pid)
{
	const struct task *task = context;
	const struct execution *execution = process_table_get(pipeline_processes(task->agent.pipeline), pid);

	if (task->exec != EXEC_CALLS || !task->filter.count ||
	    (execution && exec_session_is_agent(execution->view.exe_path)))
		return NULL;
	return &task->filter;
}

/* Knows it, from before its first event on, with its container and its session. */
static void introduce(struct task *task, const struct entrant *entrant)
{
	struct process_table *processes = pipeline_processes(task->agent.pipeline);
	const struct metadata *metadata = task->agent.metadata;
	const struct container_identity *container =
		metadata ? find_container(metadata, task->ledger->uris[entrant->owner], entrant->pid) : NULL;
	const struct execution *execution;
	struct proc_stat stat;

	process_table_assign(processes, entrant->pid, container, task->ledger->started_ns[entrant->owner]);
	execution = process_table_get(processes, entrant->pid);
	log_info("entered", "process %d (%s) was put into container \"%s\" from outside and is watched", entrant->pid,
		 execution ? execution->view.name : "?",
		 container && container->info.name ? container->info.name : "(not known)");
	/* What has executed nothing yet has done nothing of its own. */
	if (proc_stat_read(entrant->pid, &stat) && stat.is_fork)
		return;
	log_info("entered-late", "process %d ran for %lld ms before", entrant->pid,
		 (long long)(stat.start_ns ? (time_now_ns() - stat.start_ns) / NS_PER_MS : 0));
	pipeline_entered_late(task->agent.pipeline, stat.start_ns ? stat.start_ns : time_now_ns());
}

static void follow_entrant(struct task *task, const struct entrant *entrant)
{
	struct err err = { 0 };
	int left;

	if (tracer_is_process(task->tracer, entrant->pid))
		return;
	left = tracer_enter(task->tracer, entrant->pid, entrant->owner, &err);
	if (left >= 0)
		introduce(task, entrant);
	if (left > 0)
		err_set(&err, ERR_FAILED, "could not trace %d threads of process %d", left, entrant->pid);
	/* One that is known was followed, and has ended meanwhile. */
	if (left == 0 || (left < 0 && process_table_knows(pipeline_processes(task->agent.pipeline), entrant->pid)))
		return;
	if (entrant->tracer)
		err_wrap(&err, "process %d traces it", entrant->tracer);
	log_warn("not-followed", "%s", err.message);
	pipeline_not_followed(task->agent.pipeline, 1);
}

static void follow_entrants(struct task *task)
{
	struct entrant entrant;

	while (task->entrants && entrants_take(task->entrants, &entrant))
		follow_entrant(task, &entrant);
	if (task->entrants)
		pipeline_not_followed(task->agent.pipeline, entrants_lost(task->entrants));
}

static void on_signal(void *context, const siginfo_t *info)
{
	struct task *task = context;
	struct gate_request request;

	while (gate_take(task->gate, &request))
		take_over(task, &request);
	follow_entrants(task);
	if (info->si_signo != SIGTERM && info->si_signo != SIGINT)
		return;
	task->stop_ns = task->stop_ns ? 1 : time_monotonic_ns() + STOP_GRACE_NS;
}

static bool task_is_done(void *context)
{
	const struct task *task = context;
	bool idle = tracer_bound(task->tracer) == 0;

	task->ledger->last_ns = time_now_ns();
	if (task->stop_ns && (idle || time_monotonic_ns() >= task->stop_ns))
		return true;
	return task->once && task->had_one && idle;
}

/* After the death of another tracer: what it followed is stopped at nothing, and gets its containers again. */
static void follow_on(struct task *task)
{
	struct process_table *processes = pipeline_processes(task->agent.pipeline);
	const struct metadata *metadata = task->agent.metadata;

	for (pid_t pid = 1; pid <= task->ledger->highest; pid++) {
		uint8_t owner = task->ledger->owners[pid];
		const struct container_identity *container;

		if (!owner || !tracer_is_process(task->tracer, pid))
			continue;
		container = metadata ? find_container(metadata, task->ledger->uris[owner], pid) : NULL;
		process_table_assign(processes, pid, container, task->ledger->started_ns[owner]);
	}
	task->had_one = task->ledger->launches > 0;
	pipeline_took_over(task->agent.pipeline);
	log_warn("followed-on", "another tracer follows %zu threads on; what happened in between is not known",
		 tracer_count(task->tracer));
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
	struct entrants_conf entrants = { task->ledger, wake, task };
	struct tracer_conf tracer = agent_tracer_conf(&task->agent);
	struct follow follow = { .agent = &task->agent,
				 .context = task,
				 .on_signal = on_signal,
				 .is_done = task_is_done,
				 .on_rules = use_rules,
				 .remedy = "in what runs already, but in what is launched from now on" };

	tracer.filter = filter_of;
	tracer.caller = task;
	tracer_use(task->tracer, &tracer);
	if (make_filter(task, err) < 0)
		return err->code;
	/* The sidecar's own view first, so that its first heartbeat already names the task; launchers can wait so long. */
	agent_use_metadata(&task->agent, ask_metadata(getenv("ECS_CONTAINER_METADATA_URI_V4"), "the sidecar"));
	if (is_successor)
		follow_on(task);
	if (gate_open(&gate, &task->gate, err) < 0)
		return err->code;
	if (task->exec != EXEC_NONE && entrants_open(&entrants, &task->entrants, err) < 0)
		return err->code;
	log_info("listening", "launchers are awaited at \"%s\"", socket);
	follow.tracer = task->tracer;
	follow_run(&follow);
	if (tracer_bound(task->tracer))
		log_warn("left-alone", "%zu threads lose their sensor now; calls that it watched will fail in them",
			 tracer_bound(task->tracer));
	return 0;
}

/* The work, in a process of its own. A successor takes hold of what is left alone before it does anything else. */
static int task_work(struct task *task, const struct task_conf *conf, bool is_successor, struct err *err)
{
	const struct tracer_conf tracer = { .ledger = task->ledger };
	sigset_t former;
	int code;

	follow_block_signals(&former);
	if (choose_exec(task, conf->exec, err) < 0)
		return err->code;
	code = tracer_new(&tracer, &task->tracer, err);
	if (code == 0 && is_successor) {
		tracer_adopt(task->tracer);
		ledger_succeed(task->ledger);
	}
	if (code == 0)
		code = agent_open(&task->agent, &conf->agent, ORIGIN_TASK, task->ledger, err);
	if (code == 0)
		code = network_open(&task->agent, ORIGIN_TASK, err);
	if (code == 0)
		code = task_run(task, conf->socket, is_successor, err);
	entrants_close(task->entrants);
	gate_close(task->gate);
	tracer_free(task->tracer);
	agent_close(&task->agent);
	return code;
}

static int command_task_main(const void *conf, int argc UNUSED, char **argv UNUSED, int *ret_exit, struct err *err)
{
	const struct task_conf *task_conf = conf;
	struct task task = { .once = task_conf->once, .ledger = ledger_new() };
	int role = task.ledger ? standby_split(ret_exit, err) : err_set(err, ERR_MEMORY, "out of memory");

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
