#include "agent/pipeline/pipeline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/pipeline/activity.h"
#include "agent/pipeline/alerts.h"
#include "agent/pipeline/drift.h"
#include "agent/state/execution.h"
#include "base/log.h"
#include "base/time.h"
#include "bus/sender.h"
#include "rules/partial.h"

#define EVENT_MEMORY_MAX (16u << 20) /* texts, alerts and fields of one event */

static const char *const loss_reasons[] = {
#define LOSS(id, reason, meaning) [LOST_##id] = (reason),
#include "agent/pipeline/losses.def"
#undef LOSS
};

static void report_content(void *context, struct execution *process, int64_t time_ns,
			   const struct file_change *change);

/* What was written before a rule asks is not known; what was noted is kept when none asks any more. */
static bool prepare_drift(struct pipeline *pipeline)
{
	if (!pipeline->written && drift_is_asked(pipeline->conf.rules))
		pipeline->written = written_new();
	return pipeline->written || !drift_is_asked(pipeline->conf.rules);
}

int pipeline_new(const struct pipeline_conf *conf, struct pipeline **ret, struct err *err)
{
	struct pipeline *pipeline = calloc(1, sizeof(*pipeline));

	if (!pipeline)
		return err_set(err, ERR_MEMORY, "out of memory");
	pipeline->conf = *conf;
	pipeline->may_kill = alerts_ask_for_kill(conf);
	pipeline->processes = process_table_new(conf->lookup, conf->lookup_context);
	if (conf->sets && conf->sender)
		pipeline->fim = fim_new(conf->sets, conf->baseline, report_content, pipeline);
	if (!pipeline->processes || !prepare_drift(pipeline) || (conf->sets && conf->sender && !pipeline->fim)) {
		pipeline_free(pipeline);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	*ret = pipeline;
	return 0;
}

static void declare(struct pipeline *pipeline, enum loss loss, uint64_t count)
{
	if (pipeline->conf.sender)
		sender_drop(pipeline->conf.sender, loss_reasons[loss], count);
}

void pipeline_lose(struct pipeline *pipeline, enum loss loss)
{
	pipeline->stats.failed++;
	declare(pipeline, loss, 1);
}

void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	fim_free(pipeline->fim);
	written_free(pipeline->written);
	process_table_free(pipeline->processes);
	while (pipeline->spare) {
		struct workspace *next = pipeline->spare->next;

		arena_fini(&pipeline->spare->arena);
		free(pipeline->spare);
		pipeline->spare = next;
	}
	free(pipeline);
}

/* NULL without memory. */
static struct workspace *workspace_take(struct pipeline *pipeline)
{
	struct workspace *workspace = pipeline->spare;

	if (workspace) {
		pipeline->spare = workspace->next;
	} else {
		workspace = calloc(1, sizeof(*workspace));
		if (!workspace)
			return NULL;
		arena_init(&workspace->arena, EVENT_MEMORY_MAX);
	}
	workspace->rules = pipeline->conf.rules;
	workspace->policies = pipeline->conf.policies;
	workspace->epoch = pipeline->epoch;
	workspace->next = pipeline->used;
	pipeline->used = workspace;
	return workspace;
}

static void workspace_give(struct pipeline *pipeline, struct workspace *workspace)
{
	struct workspace **at = &pipeline->used;

	while (*at != workspace)
		at = &(*at)->next;
	*at = workspace->next;
	arena_reset(&workspace->arena);
	workspace->next = pipeline->spare;
	pipeline->spare = workspace;
}

uint64_t pipeline_epoch(const struct pipeline *pipeline)
{
	return pipeline->epoch;
}

bool pipeline_has_left(const struct pipeline *pipeline, uint64_t epoch)
{
	for (const struct workspace *workspace = pipeline->used; workspace; workspace = workspace->next) {
		if (workspace->epoch <= epoch)
			return false;
	}
	return pipeline->epoch > epoch;
}

struct process_table *pipeline_processes(struct pipeline *pipeline)
{
	return pipeline->processes;
}

void pipeline_use_rules(struct pipeline *pipeline, const struct ruleset *rules, const struct policies *policies)
{
	pipeline->epoch++;
	pipeline->conf.rules = rules;
	pipeline->conf.policies = policies;
	pipeline->may_kill = alerts_ask_for_kill(&pipeline->conf);
	if (!prepare_drift(pipeline))
		log_error("no-memory", "there is no memory to note who writes files; rules on drift.* do not hold");
}

void pipeline_use_watched(struct pipeline *pipeline, const struct watch_sets *sets, const struct baseline *baseline)
{
	pipeline->epoch++;
	pipeline->conf.sets = sets;
	pipeline->conf.baseline = baseline;
	if (pipeline->fim)
		fim_use(pipeline->fim, sets, baseline);
}

void pipeline_stats(const struct pipeline *pipeline, struct pipeline_stats *ret)
{
	*ret = pipeline->stats;
}

static void send_event(struct pipeline *pipeline, struct event *event, bool is_urgent)
{
	struct err err = { 0 };

	if (!pipeline->conf.sender)
		return;
	if (sender_add(pipeline->conf.sender, event, is_urgent, &err) == 0) {
		pipeline->stats.reported++;
		return;
	}
	pipeline->stats.failed++;
	if (!pipeline->send_failed)
		log_error("spool-failed", "%s; events are lost from here on", err.message);
	pipeline->send_failed = true;
}

/* A process that an event refers to is described first, so that no reference leads nowhere. */
static void announce(struct pipeline *pipeline, struct execution *execution, int depth)
{
	struct event event = { .kind = EVENT_FORK, .type = "fork" };

	if (!execution || !execution->view.exec_id || execution->announced || depth > ANCESTORS_MAX ||
	    !pipeline->conf.sender)
		return;
	announce(pipeline, execution->parent, depth + 1);
	event.time_ns = execution->view.start_ns;
	event.process = process_table_view(execution);
	execution->announced = true;
	send_event(pipeline, &event, false);
}

static size_t collect_lineage(struct execution *execution, struct process lineage[LINEAGE_MAX])
{
	size_t count = 0;

	for (struct execution *e = execution->parent; e && count < LINEAGE_MAX; e = e->parent)
		lineage[count++] = *process_table_view(e);
	return count;
}

/* What was opened for writing has another content now. */
static void report_content(void *context, struct execution *process, int64_t time_ns,
			   const struct file_change *change)
{
	struct pipeline *pipeline = context;
	struct event event = { .time_ns = time_ns,
			       .kind = EVENT_FILE,
			       .type = "write",
			       .process = process->view.exec_id ? &process->view : NULL,
			       .file = change };

	announce(pipeline, process, 0);
	send_event(pipeline, &event, false);
}

static struct file_change file_change_of(const struct view *view, enum file_op op)
{
	const struct sensor_event *sensed = view->event;
	const char *path = view_path(view);

	return (struct file_change){ op ? op : FILE_OP_OPEN, path ? path : "",
				     view_path2(view),	     sensed->flags,
				     sensed->mode,	     sensed->has_result ? sensed->result : 0,
				     !sensed->has_result };
}

static const struct call_record *call_record_of(struct passage *passage)
{
	const struct sensor_event *sensed = passage->view.event;

	size_t count = view_params(&passage->view, passage->params);

	passage->call = (struct call_record){ .params = passage->params,
					      .param_count = view_side_params(&passage->view, passage->params, count),
					      .result = sensed->has_result ? sensed->result : 0,
					      .is_result_unknown = !sensed->has_result };
	return &passage->call;
}

void passage_report(struct passage *passage)
{
	struct execution *execution = passage->view.process;
	struct process lineage[LINEAGE_MAX];
	const struct sensor_event *sensed = passage->view.event;
	struct activity activity = activity_of(sensed);
	struct file_change file;
	struct event event = {
		.time_ns = sensed->time_ns,
		.kind = activity.kind,
		.type = sensor_call_name(sensed->call),
		.process = execution->view.exec_id ? process_table_view(execution) : NULL,
		.alerts = passage->alerts,
		.alert_count = passage->alert_count,
	};

	if (activity.kind == EVENT_FILE) {
		file = file_change_of(&passage->view, activity.op);
		file.content = passage->has_told ? &passage->told.content : NULL;
		event.file = &file;
	}
	if (activity.kind == EVENT_CALL)
		event.call = call_record_of(passage);
	if (activity.kind == EVENT_EXIT)
		event.exit_status = (int32_t)sensed->result;
	if (passage->alert_count) {
		event.lineage_count = collect_lineage(execution, lineage);
		event.lineage = lineage;
	}
	view_ids(&passage->view);
	announce(passage->pipeline, execution->parent, 0);
	if (activity.kind != EVENT_EXEC)
		announce(passage->pipeline, execution, 0);
	execution->announced = true;
	send_event(passage->pipeline, &event, sensed->is_urgent);
}

static struct passage *passage_new(struct pipeline *pipeline, struct workspace *workspace,
				   const struct sensor_event *event, struct execution *execution)
{
	struct passage *passage = workspace ? arena_new(&workspace->arena, struct passage) : NULL;

	if (!passage)
		return NULL;
	passage->pipeline = pipeline;
	passage->workspace = workspace;
	passage->view = (struct view){
		.event = event,
		.process = execution,
		.processes = pipeline->processes,
		.written = pipeline->written,
		.number = pipeline->stats.events,
		.hostname = pipeline->conf.hostname,
		.arena = &workspace->arena,
		.found = &passage->found,
	};
	passage->reader = (struct field_reader){ view_read, &passage->view };
	return passage;
}

/* False, and declared, if there was too much of its class lately. */
static bool is_allowed(struct pipeline *pipeline, const struct sensor_event *event)
{
	const int64_t per_s = pipeline->conf.activity_per_s, now_ns = time_monotonic_ns();
	const struct stock_rate rate = { per_s, NS_PER_S, per_s * ACTIVITY_BURST_S };
	enum activity_class class = activity_class_of(event);

	if (!per_s)
		return true;
	if (!stock_has(&pipeline->activity[class], &rate, 1, now_ns)) {
		declare(pipeline, LOST_COMMANDS + (enum loss) class, 1);
		return false;
	}
	stock_take(&pipeline->activity[class], &rate, 1, now_ns);
	return true;
}

static void look_at_content(struct passage *passage)
{
	struct pipeline *pipeline = passage->pipeline;
	const struct sensor_event *event = passage->view.event;

	if (!pipeline->fim || !fim_concerns(event))
		return;
	passage->has_told = fim_after(pipeline->fim, event, passage->view.process, view_path(&passage->view),
				      view_path2(&passage->view), &passage->told);
	/* asked soon, it says itself when to come again */
	if (!pipeline->due_ns[event->lane])
		pipeline->due_ns[event->lane] = 1;
}

static void pass(struct pipeline *pipeline, struct workspace *workspace, const struct sensor_event *event,
		 struct execution *execution)
{
	struct passage *passage = passage_new(pipeline, workspace, event, execution);

	if (!passage) {
		pipeline_lose(pipeline, LOST_NO_MEMORY);
		return;
	}
	if (workspace->rules)
		ruleset_match(workspace->rules, "syscall", sensor_call_name(event->call), &passage->reader,
			      alerts_add, passage);
	alerts_settle(passage);
	drift_note(&passage->view);
	look_at_content(passage);
	if (pipeline->conf.sender &&
	    (passage->alert_count || (activity_is_watched(&passage->view, pipeline->conf.tier, pipeline->fim) &&
				      is_allowed(pipeline, event))))
		passage_report(passage);
	if (passage->has_told)
		fim_told_fini(&passage->told);
}

/* Which file an open ends at is known when it is open, so its path does not count here. */
static bool may_be_watched(const struct passage *passage)
{
	const struct sensor_event *event = passage->view.event;

	if (sensor_call_in(event->call, SENSOR_OPEN_CALLS))
		return activity_of(event).op != 0;
	return activity_is_watched(&passage->view, passage->pipeline->conf.tier, passage->pipeline->fim);
}

/* Of an open the path as a text is enough here: what it really opens is known afterwards, and costs less then. */
static void look_before(struct passage *passage)
{
	const struct view *view = &passage->view;
	const struct sensor_event *event = view->event;
	struct fim *fim = passage->pipeline->fim;
	char text[PATH_MAX];

	if (!fim || !fim_concerns(event))
		return;
	if (!sensor_call_in(event->call, SENSOR_OPEN_CALLS))
		fim_before(fim, event, view_path(view), view_path2(view));
	else if (event->path && path_absolute(event->tid, event->dirfd, event->path, view->process->view.cwd, text))
		fim_before(fim, event, text, NULL);
}

/* Rules come last: what they say is dear, and of an open for writing the others say the same. */
static bool is_needed(struct passage *passage)
{
	const struct pipeline *pipeline = passage->pipeline;
	const struct ruleset *rules = passage->workspace->rules;
	const struct partial_event partial = { .evt_type = sensor_call_name(passage->view.event->call),
					       .is_known = view_is_known,
					       .reader = &passage->reader };

	look_before(passage);
	if (alerts_prevent(passage, &partial))
		return false;
	return (pipeline->conf.sender && may_be_watched(passage)) || drift_needs(&passage->view) ||
	       (rules && ruleset_may_match(rules, "syscall", &partial));
}

bool pipeline_judge(void *context, const struct sensor_event *event)
{
	struct pipeline *pipeline = context;
	struct workspace *workspace = workspace_take(pipeline);
	struct execution *execution = execution_ref(process_table_get(pipeline->processes, event->pid));
	struct passage *passage = execution ? passage_new(pipeline, workspace, event, execution) : NULL;
	bool needs = !passage || is_needed(passage);

	execution_unref(execution);
	if (workspace)
		workspace_give(pipeline, workspace);
	return needs;
}

/* The execution that did it, after the table has taken the event in. */
static struct execution *take_in(struct process_table *processes, const struct sensor_event *event)
{
	if (sensor_call_in(event->call, SENSOR_FORK_CALLS)) {
		process_table_fork(processes, event->pid, event->child, event->time_ns);
		return process_table_get(processes, event->pid);
	}
	if (sensor_call_in(event->call, SENSOR_EXEC_CALLS) && (!event->has_result || event->result == 0))
		return process_table_exec(processes, event->pid,
					  &(struct exec_facts){ .comm = event->comm,
								.exe_path = event->exe_path,
								.cwd = event->folder,
								.args = event->args,
								.args_length = event->args_length,
								.uid = event->uid,
								.gid = event->gid,
								.has_ids = event->has_ids,
								.is_in_place = event->is_in_place,
								.time_ns = event->time_ns });
	if (event->is_late)
		return process_table_at(processes, event->pid, event->time_ns);
	return process_table_get(processes, event->pid);
}

void pipeline_sensor_lost(struct pipeline *pipeline, uint64_t lost)
{
	if (!lost)
		return;
	if (!pipeline->stats.lost)
		log_warn("events-lost", "the sensor lost %llu events; the collector will show a gap",
			 (unsigned long long)lost);
	pipeline->stats.lost += lost;
	declare(pipeline, LOST_SENSOR, lost);
}

void pipeline_network_lost(struct pipeline *pipeline, uint64_t lost)
{
	if (!lost)
		return;
	log_warn("packets-lost", "%llu packets of connections found no room; the collector will show a gap",
		 (unsigned long long)lost);
	declare(pipeline, LOST_NETWORK, lost);
}

const char *pipeline_took_over_reason(void)
{
	return loss_reasons[LOST_TRACER_DIED];
}

void pipeline_took_over(struct pipeline *pipeline)
{
	pipeline->stats.lost++;
	pipeline_heartbeat(pipeline, "the tracer was killed; another one follows on");
}

void pipeline_entered_late(struct pipeline *pipeline, int64_t start_ns)
{
	if (pipeline->conf.sender)
		sender_drop_since(pipeline->conf.sender, loss_reasons[LOST_ENTERED_LATE], 1, start_ns);
}

void pipeline_not_followed(struct pipeline *pipeline, uint64_t count)
{
	if (count)
		declare(pipeline, LOST_NOT_FOLLOWED, count);
}

/* A process that had to make room is without its past, should it be heard of again. */
static void count_evicted(struct pipeline *pipeline)
{
	uint64_t evicted = process_table_evicted(pipeline->processes);

	if (evicted == pipeline->evicted)
		return;
	declare(pipeline, LOST_PROCESS_EVICTED, evicted - pipeline->evicted);
	pipeline->evicted = evicted;
}

void pipeline_handle(void *context, const struct sensor_event *event)
{
	struct pipeline *pipeline = context;
	struct workspace *workspace = workspace_take(pipeline);
	struct execution *execution;

	pipeline->stats.events++;
	pipeline_sensor_lost(pipeline, event->lost);
	execution = execution_ref(take_in(pipeline->processes, event));
	if (execution)
		pass(pipeline, workspace, event, execution);
	else
		pipeline_lose(pipeline, LOST_NO_PROCESS);
	count_evicted(pipeline);
	if (event->call == SENSOR_PROCEXIT)
		process_table_exit(pipeline->processes, event->pid);
	execution_unref(execution);
	if (workspace)
		workspace_give(pipeline, workspace);
}

static void declare_untold(struct pipeline *pipeline)
{
	struct fim_stats stats;

	fim_stats(pipeline->fim, &stats);
	if (stats.untold == pipeline->untold)
		return;
	declare(pipeline, LOST_CONTENT, stats.untold - pipeline->untold);
	pipeline->untold = stats.untold;
}

bool pipeline_has_pending(const struct pipeline *pipeline, unsigned int lane)
{
	return pipeline->fim && pipeline->due_ns[lane];
}

bool pipeline_is_due(const struct pipeline *pipeline, unsigned int lane)
{
	return pipeline_has_pending(pipeline, lane) && pipeline->due_ns[lane] <= time_monotonic_ns();
}

void pipeline_look(struct pipeline *pipeline, unsigned int lane, bool all)
{
	struct workspace *workspace;

	if (!pipeline_is_due(pipeline, lane) && !(all && pipeline_has_pending(pipeline, lane)))
		return;
	workspace = workspace_take(pipeline);
	if (!workspace)
		return;
	pipeline->due_ns[lane] = fim_step(pipeline->fim, lane, all);
	workspace_give(pipeline, workspace);
	declare_untold(pipeline);
}

void pipeline_give_up(struct pipeline *pipeline, unsigned int lane)
{
	if (!pipeline_has_pending(pipeline, lane))
		return;
	fim_give_up(pipeline->fim, lane);
	declare_untold(pipeline);
}

void pipeline_step(struct pipeline *pipeline, bool all)
{
	if (pipeline->conf.responder)
		responder_step(pipeline->conf.responder);
	pipeline_look(pipeline, 0, all);
}

static void beat(struct pipeline *pipeline, const char *detail, bool is_origin_new)
{
	struct heartbeat heartbeat = { .detail = detail, .is_origin_new = is_origin_new };
	struct event event = { .time_ns = time_now_ns(), .kind = EVENT_HEARTBEAT, .type = "heartbeat" };
	struct sender_state state;

	if (!pipeline->conf.sender)
		return;
	sender_state(pipeline->conf.sender, &state);
	heartbeat.spooled_batches = state.batches_spooled;
	heartbeat.dropped_events = state.events_dropped;
	event.heartbeat = &heartbeat;
	send_event(pipeline, &event, false);
}

void pipeline_heartbeat(struct pipeline *pipeline, const char *detail)
{
	beat(pipeline, detail, false);
}

void pipeline_origin_changed(struct pipeline *pipeline, const char *detail)
{
	beat(pipeline, detail, true);
}
