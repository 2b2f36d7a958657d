#include "agent/intake.h"

#include <stdlib.h>

#include "agent/entered.h"
#include "agent/network.h"
#include "agent/role.h"
#include "agent/rules.h"
#include "agent/sensor/net/net_event.h"
#include "agent/task.h"
#include "base/log.h"
#include "base/time.h"

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

struct handover {
	struct job job;
	struct task *task;
	struct gate_request request;
	uint8_t owner;
};

struct entering {
	struct job job;
	struct task *task;
	struct entrant entrant;
};

struct following {
	struct job job;
	struct task *task;
	uint8_t owner;
};

struct connection {
	struct job job;
	struct task *task;
	struct net_event net;
};

/* Seized, and in turn. */
static void welcome(struct handover *handover, bool is_first)
{
	struct task *task = handover->task;
	struct gate_request *request = &handover->request;
	const struct metadata *metadata = request->prepared;
	const struct container_identity *container =
		metadata ? find_container(metadata, request->uri, request->pid) : NULL;

	agent_rules_sensed(&task->agent, is_first);
	if (handover->owner != LEDGER_NO_LAUNCH)
		task->ledger->mounts[handover->owner] = proc_mounts(request->pid);
	if (task->entrants)
		entrants_ask(task->entrants);
	process_table_assign(pipeline_processes(task->agent.pipeline), request->pid, container, 0);
	task->had_one = true;
	log_info("traced", "process %d of container \"%s\" is watched", request->pid,
		 container && container->info.name ? container->info.name : "(not known)");
	gate_answer(request, LAUNCH_GO, &task->filter, NULL);
}

/* True if another thread of this process traces it already, because it was found before it came to hand itself over. */
static bool pass_on(struct handover *handover)
{
	struct proc_status status;

	return proc_status_read(handover->request.pid, &status) && status.tracer &&
	       tracers_pass_on(handover->task->tracers, handover->owner, status.tracer, &handover->job);
}

static void run_handover(struct job *job, struct tracer *tracer)
{
	struct handover *handover = (struct handover *)job;
	struct task *task = handover->task;
	struct gate_request *request = &handover->request;
	struct err err = { 0 };
	bool is_first;
	int code;

	turn_take(task->turn);
	agent_role_offer(&task->agent, request->pid);
	/* Nothing else is watched: what this one is given is all that counts. */
	is_first = task->handovers == 1 && tracers_bound(task->tracers) == 0;
	turn_give(task->turn);
	code = tracer ? tracer_seize(tracer, request->pid, handover->owner, &err)
		      : err_set(&err, ERR_FAILED, "there is no tracer for process %d", request->pid);
	if (code < 0 && tracer && pass_on(handover))
		return;
	turn_take(task->turn);
	if (code == 0) {
		welcome(handover, is_first);
	} else {
		log_error("not-traced", "%s%s", err.message,
			  tracer ? ": the sidecar needs the capability SYS_PTRACE" : "");
		gate_answer(request, LAUNCH_INSIDE, NULL, err.message);
	}
	task->handovers--;
	turn_give(task->turn);
	free(handover);
}

void intake_launched(struct task *task, struct gate_request *request)
{
	struct handover *handover = calloc(1, sizeof(*handover));
	uint8_t before = ledger_owner(task->ledger, request->pid);

	agent_use_metadata(&task->agent, request->prepared);
	if (!handover) {
		gate_answer(request, LAUNCH_INSIDE, NULL, "out of memory");
		return;
	}
	*handover = (struct handover){ { .run = run_handover }, task, *request, 0 };
	handover->owner = ledger_launch(task->ledger, request->uri, time_now_ns());
	/* It was found before it came to hand itself over. */
	if (before)
		tracers_share(task->tracers, handover->owner, before);
	task->handovers++;
	tracers_ask(task->tracers, handover->owner, &handover->job);
}

/* left: how many of its threads could not be followed, or an error. In turn. */
static void say_entered(struct task *task, const struct entrant *entrant, int left, struct err *err)
{
	const struct metadata *metadata = task->agent.metadata;
	const struct container_identity *container =
		left >= 0 && metadata ? find_container(metadata, task->ledger->uris[entrant->owner], entrant->pid)
				      : NULL;

	entered_tell(&task->agent, entrant, container, task->ledger->started_ns[entrant->owner], left, err);
}

static void run_entering(struct job *job, struct tracer *tracer)
{
	struct entering *entering = (struct entering *)job;
	struct task *task = entering->task;
	struct entrant *entrant = &entering->entrant;
	struct err err = { 0 };
	int left;

	if (!ledger_owner(task->ledger, entrant->pid)) {
		left = tracer ? tracer_enter(tracer, entrant->pid, entrant->owner, &err)
			      : err_set(&err, ERR_FAILED, "there is no tracer for process %d", entrant->pid);
		turn_take(task->turn);
		say_entered(task, entrant, left, &err);
		turn_give(task->turn);
	}
	free(entering);
}

void intake_entrant(struct task *task, const struct entrant *entrant)
{
	struct entering *entering = calloc(1, sizeof(*entering));

	if (!entering) {
		pipeline_not_followed(task->agent.pipeline, 1);
		return;
	}
	*entering = (struct entering){ { .run = run_entering }, task, *entrant };
	tracers_ask(task->tracers, entrant->owner, &entering->job);
}

static void run_connection(struct job *job, struct tracer *tracer)
{
	struct connection *connection = (struct connection *)job;
	struct task *task = connection->task;

	turn_take(task->turn);
	if (tracer)
		network_deliver(&task->agent, &connection->net);
	else
		pipeline_network_lost(task->agent.pipeline, 1);
	turn_give(task->turn);
	free(connection);
}

/* Who is asked about the process may be kept waiting by it. */
bool intake_connection(struct agent *agent, const struct net_event *net)
{
	struct task *task = (struct task *)((uintptr_t)agent - offsetof(struct task, agent));
	uint8_t owner = ledger_former_owner(task->ledger, net->owner.pid);
	struct connection *connection;

	/* Of nobody there is nothing to ask. */
	if (!net->owner.pid)
		return false;
	connection = calloc(1, sizeof(*connection));
	if (connection)
		*connection = (struct connection){ { .run = run_connection }, task, *net };
	if (connection && tracers_offer(task->tracers, owner ? owner : LEDGER_NO_LAUNCH, &connection->job))
		return true;
	pipeline_network_lost(task->agent.pipeline, 1);
	free(connection);
	return true;
}

static void run_following(struct job *job, struct tracer *tracer)
{
	struct following *following = (struct following *)job;
	struct task *task = following->task;
	const struct metadata *metadata = task->agent.metadata;
	uint8_t owner = following->owner;

	turn_take(task->turn);
	for (pid_t pid = 1; tracer && pid <= task->ledger->highest; pid++) {
		if (ledger_owner(task->ledger, pid) != owner || !tracer_is_process(tracer, pid))
			continue;
		process_table_assign(pipeline_processes(task->agent.pipeline), pid,
				     metadata ? find_container(metadata, task->ledger->uris[owner], pid) : NULL,
				     task->ledger->started_ns[owner]);
	}
	turn_give(task->turn);
	free(following);
}

void intake_followed(struct task *task, uint8_t owner)
{
	struct following *following = calloc(1, sizeof(*following));

	/* Without it the container's events have no container. */
	if (!following)
		return;
	*following = (struct following){ { .run = run_following }, task, owner };
	tracers_ask(task->tracers, owner, &following->job);
}
