#include "agent/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/network.h"
#include "agent/role.h"
#include "agent/rules.h"
#include "agent/sensor/trace/ledger.h"
#include "agent/sensor/trace/tracer.h"
#include "base/file.h"
#include "base/footprint.h"
#include "base/log.h"
#include "base/time.h"
#include "conf/state.h"
#include "rules/falco_output.h"

#define SPOOL_NAME	 "spool/agent"
#define IDENTITY_NAME	 "identity/agent"
#define SPOOL_MAX	 (256 * INT64_C(1048576))
#define FLUSH_NS	 NS_PER_S
#define LAST_DELIVERY_NS (5 * NS_PER_S)

static void print_alert(void *context, const struct alert *alert, int64_t time_ns)
{
	struct agent *agent = context;
	struct err err = { 0 };
	int code = 0;

	strbuf_clear(&agent->line);
	if (strcmp(agent->conf->output, "json") == 0)
		code = falco_json_line(alert, time_ns, agent->hostname, &agent->line, &err);
	else
		falco_text_line(alert, time_ns, &agent->line);
	/* One write a line: the command that is watched may write to the same place. */
	if (code == 0)
		code = fd_write_all(STDOUT_FILENO, agent->line.data, agent->line.length, &err);
	if (code == 0 || agent->print_failed)
		return;
	agent->print_failed = true;
	log_error("print-failed", "could not print an alert of rule \"%s\": %s", alert->rule, err.message);
}

static int open_sender(struct agent *agent, struct ledger *ledger, struct err *err)
{
	struct sender_conf conf = { .url = agent->conf->collector, .spool_max = SPOOL_MAX, .flush_ns = FLUSH_NS };
	char state[STATE_PATH_MAX];

	if (!conf.url)
		return 0;
	if (agent->conf->spool) {
		snprintf(agent->spool, sizeof(agent->spool), "%s", agent->conf->spool);
	} else if (state_folder(NULL, state, err) < 0 || state_path(state, SPOOL_NAME, agent->spool, err) < 0) {
		return err->code;
	}
	if (enrol_from_options(&agent->conf->enrol, conf.url, NULL, IDENTITY_NAME, &agent->enrolment, err) < 0)
		return err->code;
	if (agent->enrolment) {
		conf.tls = enrolment_tls(agent->enrolment);
		conf.heard = enrolment_heard;
		conf.heard_context = agent->enrolment;
	}
	conf.spool = agent->spool;
	conf.unwritten_ns = ledger ? &ledger->unwritten_ns : NULL;
	conf.unwritten_reason = pipeline_took_over_reason();
	conf.origin = agent->origin;
	return sender_open(&conf, &agent->sender, err);
}

static void set_origin(struct agent *agent, enum origin_mode mode)
{
	AUTO_STRBUF boot_id = STRBUF_INIT;

	if (gethostname(agent->hostname, sizeof(agent->hostname) - 1) < 0)
		strcpy(agent->hostname, "localhost");
	if (file_read("/proc/sys/kernel/random/boot_id", sizeof(agent->boot_id), &boot_id, NULL) == 0)
		snprintf(agent->boot_id, sizeof(agent->boot_id), "%.*s", (int)strcspn(boot_id.data, "\n"),
			 boot_id.data);
	agent->origin = (struct origin){
		.mode = mode,
		.agent = agent->hostname,
		.version = CLEWLINE_VERSION,
		.boot_id = agent->boot_id[0] ? agent->boot_id : NULL,
		.hostname = agent->hostname,
	};
}

static int check_conf(const struct agent_conf *conf, struct err *err)
{
	if (strcmp(conf->output, "text") != 0 && strcmp(conf->output, "json") != 0)
		return err_set(err, ERR_USAGE, "output is \"%s\", but must be text or json", conf->output);
	return 0;
}

static int choose_tier(struct agent *agent, struct err *err)
{
	static const char *const names[] = {
		[TIER_EVENTS] = "events", [TIER_FILTER] = "filter", [TIER_FULL] = "full"
	};

	agent->tier = TIER_FILTER;
	for (size_t i = 0; agent->conf->tier && i < ARRAY_SIZE(names); i++) {
		if (strcmp(agent->conf->tier, names[i]) == 0) {
			agent->tier = (enum tier)i;
			return 0;
		}
	}
	return agent->conf->tier ? err_set(err, ERR_USAGE, "tier is \"%s\", but must be events, filter or full",
					   agent->conf->tier)
				 : 0;
}

struct tracer_conf agent_tracer_conf(const struct agent *agent)
{
	return (struct tracer_conf){ .handler = pipeline_handle,
				     .judge = pipeline_judge,
				     .context = agent->pipeline,
				     .refuses_io_uring = agent->conf->refuses_io_uring,
				     .new_files = agent->sender != NULL,
				     .is_filtered = agent->tier != TIER_EVENTS };
}

static bool is_followed(const void *context, pid_t pid)
{
	const struct agent *agent = context;

	if (agent->ledger)
		return ledger_owner(agent->ledger, pid) != 0;
	return agent->tracer && tracer_is_process(agent->tracer, pid);
}

static bool is_together(const void *context, pid_t pid, pid_t other)
{
	const struct agent *agent = context;
	uint8_t owner;

	if (agent->ledger) {
		owner = ledger_owner(agent->ledger, other);
		return owner && ledger_owner(agent->ledger, pid) == owner;
	}
	owner = agent->tracer ? tracer_owner(agent->tracer, other) : 0;
	return owner && tracer_owner(agent->tracer, pid) == owner;
}

static int open_responder(struct agent *agent, enum origin_mode mode, struct ledger *ledger, struct err *err)
{
	const struct responder_conf conf = { .is_allowed = agent->conf->responds,
					     .grace_ns = agent->conf->stop_grace * NS_PER_S,
					     .is_followed = mode == ORIGIN_HOST ? NULL : is_followed,
					     .is_together = is_together,
					     .context = agent,
					     .notes = ledger ? ledger->stops : NULL };

	agent->responder = responder_new(&conf);
	return agent->responder ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

int agent_open(struct agent *agent, const struct agent_conf *conf, enum origin_mode mode, struct ledger *ledger,
	       struct err *err)
{
	struct pipeline_conf pipeline = { .on_alert = print_alert, .on_alert_context = agent };

	*agent = (struct agent){ .conf = conf };
	strbuf_init(&agent->line, STRBUF_MAX_DEFAULT);
	set_origin(agent, mode);
	if (check_conf(conf, err) < 0 || choose_tier(agent, err) < 0 || agent_rules_open(agent, mode, err) < 0 ||
	    open_responder(agent, mode, ledger, err) < 0 || agent_role_open(agent, mode, err) < 0 ||
	    open_sender(agent, ledger, err) < 0)
		return err->code;
	pipeline.sets = agent->watched->sets;
	pipeline.activity_per_s = conf->activity_limit;
	pipeline.baseline = agent->watched->baseline;
	pipeline.rules = agent->detection->rules;
	pipeline.policies = agent->detection->policies;
	pipeline.sender = agent->sender;
	pipeline.responder = agent->responder;
	pipeline.tier = agent->tier;
	pipeline.hostname = agent->hostname;
	if (pipeline_new(&pipeline, &agent->pipeline, err) < 0)
		return err->code;
	/* One command is watched for a moment, a task for months. */
	if (mode != ORIGIN_RUN)
		footprint_shrink();
	return 0;
}

static void deliver_rest(struct agent *agent, int64_t wait_ns)
{
	struct sender_state state;
	struct err err = { 0 };

	sender_goodbye(agent->sender);
	if (sender_flush(agent->sender, wait_ns, &err) == 0)
		return;
	sender_state(agent->sender, &state);
	log_warn("not-delivered", "%s; %llu batches wait in \"%s\" for the next run with this spool", err.message,
		 (unsigned long long)state.batches_spooled, agent->spool);
}

void agent_last_words(struct agent *agent, int64_t wait_ns)
{
	pipeline_step(agent->pipeline, true);
	if (agent->sender)
		deliver_rest(agent, wait_ns);
}

void agent_close(struct agent *agent)
{
	network_close(agent);
	if (agent->pipeline)
		pipeline_step(agent->pipeline, true);
	if (agent->sender)
		deliver_rest(agent, LAST_DELIVERY_NS);
	sender_close(agent->sender);
	enrolment_close(agent->enrolment);
	pipeline_free(agent->pipeline);
	responder_free(agent->responder);
	agent_rules_close(agent);
	strbuf_fini(&agent->line);
	agent_role_close(agent);
	while (agent->metadata) {
		struct metadata *next = agent->metadata->next;

		metadata_free(agent->metadata);
		agent->metadata = next;
	}
}

void agent_use_metadata(struct agent *agent, struct metadata *metadata)
{
	if (!metadata)
		return;
	metadata->next = agent->metadata;
	agent->metadata = metadata;
	if (metadata->has_task) {
		agent_role_apply(agent);
		agent->origin.agent = metadata->task.id ? metadata->task.id : agent->hostname;
	}
	agent->origin.containers = metadata->plain;
	agent->origin.container_count = metadata->container_count;
	if (agent->sender)
		sender_origin(agent->sender, &agent->origin);
}

void agent_introduce(struct agent *agent, pid_t pid)
{
	const char *uri = getenv("ECS_CONTAINER_METADATA_URI_V4");
	const struct container_identity *container = NULL;
	struct metadata *metadata = NULL;
	struct err err = { 0 };

	if (uri && *uri && metadata_fetch(uri, METADATA_WAIT_NS, &metadata, &err) < 0)
		log_warn("no-metadata", "%s; going on without the names of task and container", err.message);
	if (metadata)
		container = metadata_find_uri(metadata, uri);
	agent_use_metadata(agent, metadata);
	process_table_assign(pipeline_processes(agent->pipeline), pid, container, 0);
}

void agent_wants(struct agent *agent, struct sensor_wants *ret)
{
	/* Asking the rules about the arguments of every call takes milliseconds. */
	if (!agent->has_wants)
		wants_of(agent->detection->rules, agent->tier, agent->sender != NULL, &agent->wants);
	agent->has_wants = true;
	*ret = agent->wants;
	ret->reads = ret->reads || agent->reads;
	ret->refuses_io_uring = agent->conf->refuses_io_uring;
	/* Tier full is for results, which the watcher of packets has not. */
	if (agent->tier != TIER_FULL)
		network_spare(agent->network, ret);
}
