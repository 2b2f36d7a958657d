#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "collector/api/json_rows.h"
#include "collector/store/query.h"
#include "json/json.h"

static const char *const file_ops[] = {
	[FILE_OP_OPEN] = "open",     [FILE_OP_CREATE] = "create", [FILE_OP_RENAME] = "rename",
	[FILE_OP_REMOVE] = "remove", [FILE_OP_LINK] = "link",	  [FILE_OP_CHMOD] = "chmod",
	[FILE_OP_CHOWN] = "chown",   [FILE_OP_XATTR] = "xattr",	  [FILE_OP_WRITE] = "write",
};

static void set_number(json_t *object, const char *name, int64_t value)
{
	json_object_set_new(object, name, json_integer(value));
}

static void set_id(json_t *object, const char *name, int64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, id);
	json_set_text(object, name, id ? text : NULL);
}

/* Appends a text that may hold any byte. */
static void append_text(json_t *array, const char *text)
{
	AUTO_JSON holder = json_object();

	json_set_text(holder, "text", text);
	json_array_append(array, json_object_get(holder, "text"));
}

static json_t *process_json(const struct process *process)
{
	json_t *json = json_object(), *args = json_array();

	set_number(json, "exec_id", (int64_t)process->exec_id);
	set_number(json, "parent_exec_id", (int64_t)process->parent_exec_id);
	set_number(json, "pid", process->pid);
	set_number(json, "ppid", process->ppid);
	set_number(json, "vpid", process->vpid);
	set_number(json, "uid", process->uid);
	set_number(json, "gid", process->gid);
	json_set_time(json, "start", process->start_ns);
	json_set_text(json, "user", process->user);
	json_set_text(json, "name", process->name);
	json_set_text(json, "exe", process->exe_path);
	json_set_text(json, "cwd", process->cwd);
	json_set_text(json, "container", process->container);
	json_set_text(json, "exec_session", process->exec_session);
	for (size_t i = 0; i < process->arg_count; i++)
		append_text(args, process->args[i]);
	json_object_set_new(json, "args", args);
	return json;
}

static json_t *content_json(const struct file_content *content)
{
	static const char *const approvals[] = { NULL, "approved", "not approved" };
	json_t *json = json_object();

	json_set_text(json, "watch", content->watch);
	json_set_text(json, "before", content->before);
	json_set_text(json, "after", content->after);
	if (content->size_before >= 0)
		set_number(json, "size_before", content->size_before);
	if (content->size_after >= 0)
		set_number(json, "size_after", content->size_after);
	json_set_text(json, "package", content->package);
	json_set_text(json, "diff", content->diff);
	json_set_text(json, "approval", approvals[content->approval]);
	return json;
}

static json_t *file_json(const struct file_change *file)
{
	json_t *json = json_object();

	json_set_text(json, "op", (size_t)file->op < ARRAY_SIZE(file_ops) ? file_ops[file->op] : NULL);
	json_set_text(json, "path", file->path);
	json_set_text(json, "target", file->target);
	set_number(json, "flags", file->flags);
	set_number(json, "mode", file->mode);
	/* null: the attempt alone was seen */
	if (file->is_result_unknown)
		json_object_set_new(json, "result", json_null());
	else
		set_number(json, "result", file->result);
	if (file->content)
		json_object_set_new(json, "content", content_json(file->content));
	return json;
}

static json_t *call_json(const struct call_record *call)
{
	json_t *json = json_object(), *params = json_object();

	for (size_t i = 0; i < call->param_count; i++)
		json_set_text(params, call->params[i].name, call->params[i].value);
	json_object_set_new(json, "params", params);
	if (call->is_result_unknown)
		json_object_set_new(json, "result", json_null());
	else
		set_number(json, "result", call->result);
	return json;
}

/* The record as it is, so that jq can walk it; as text where it is not JSON after all. */
static json_t *cloud_json(const struct cloud_record *cloud)
{
	json_t *json = json_object();
	json_t *record = json_loads(cloud->json ? cloud->json : "", 0, NULL);

	json_set_text(json, "id", cloud->id);
	json_set_text(json, "account", cloud->account);
	json_set_text(json, "region", cloud->region);
	json_set_text(json, "object", cloud->object);
	if (record)
		json_object_set_new(json, "record", record);
	else
		json_set_text(json, "record_text", cloud->json);
	return json;
}

static json_t *heartbeat_json(const struct heartbeat *heartbeat)
{
	json_t *json = json_object();

	set_number(json, "spooled_batches", (int64_t)heartbeat->spooled_batches);
	set_number(json, "dropped_events", (int64_t)heartbeat->dropped_events);
	json_set_text(json, "detail", heartbeat->detail);
	return json;
}

static json_t *responses_json(const struct alert *alert)
{
	json_t *array = json_array();

	for (size_t i = 0; i < alert->response_count; i++) {
		const struct response *response = &alert->responses[i];
		json_t *json = json_object();

		json_set_text(json, "action", action_name(response->action));
		json_set_text(json, "outcome", outcome_name(response->outcome));
		json_set_text(json, "detail", response->detail);
		json_array_append_new(array, json);
	}
	return array;
}

static json_t *alert_json(const struct event_row *row, const struct alert *alert)
{
	json_t *json = json_object(), *tags = json_array(), *fields = json_object(), *policies = json_array();
	char id[ALERT_ID_MAX];

	json_set_text(json, "id", alert_id(row->event_id, alert->rule, alert->rule_version, id));
	json_set_text(json, "rule", alert->rule);
	json_set_text(json, "rule_version", alert->rule_version);
	json_set_text(json, "priority", priority_name(alert->priority));
	json_set_text(json, "source", alert->source);
	json_set_text(json, "output", alert->output);
	for (size_t i = 0; i < alert->tag_count; i++)
		append_text(tags, alert->tags[i]);
	for (size_t i = 0; i < alert->field_count; i++) {
		json_t *value = json_loads(alert->fields[i].json, JSON_DECODE_ANY, NULL);

		if (!value || json_object_set_new(fields, alert->fields[i].name, value) < 0)
			json_set_text(fields, alert->fields[i].name, alert->fields[i].json);
	}
	for (size_t i = 0; i < alert->policy_count; i++)
		append_text(policies, alert->policies[i]);
	json_object_set_new(json, "policies", policies);
	json_set_text(json, "severity", alert->severity ? severity_name(alert->severity) : NULL);
	json_object_set_new(json, "responses", responses_json(alert));
	json_object_set_new(json, "tags", tags);
	json_object_set_new(json, "output_fields", fields);
	return json;
}

static json_t *network_json(const struct task_network *network)
{
	json_t *json = json_object(), *addresses = json_array();

	json_set_text(json, "mode", network->mode);
	json_set_text(json, "mac", network->mac);
	json_set_text(json, "private_dns", network->private_dns);
	for (size_t i = 0; i < network->address_count; i++)
		append_text(addresses, network->addresses[i]);
	json_object_set_new(json, "addresses", addresses);
	json_set_text(json, "ipv4_subnet", network->ipv4_subnet);
	json_set_text(json, "ipv6_subnet", network->ipv6_subnet);
	return json;
}

static json_t *task_json(const struct ecs_task *task)
{
	json_t *json = json_object();

	json_set_text(json, "arn", task->arn);
	json_set_text(json, "cluster", task->cluster);
	json_set_text(json, "family", task->family);
	json_set_text(json, "revision", task->revision);
	json_set_text(json, "service", task->service);
	json_set_text(json, "availability_zone", task->availability_zone);
	json_set_text(json, "launch_type", task->launch_type);
	json_set_text(json, "role_arn", task->role_arn);
	json_set_text(json, "access_key_id", task->access_key_id);
	json_set_text(json, "vpc", task->vpc);
	if (task->network_count) {
		json_t *networks = json_array();

		for (size_t i = 0; i < task->network_count; i++)
			json_array_append_new(networks, network_json(&task->networks[i]));
		json_object_set_new(json, "networks", networks);
	}
	return json;
}

static const char *mode_name(enum origin_mode mode)
{
	switch (mode) {
#define X(id, number, name)                                                                                          \
	case number:                                                                                                 \
		return name;
		ORIGIN_MODES(X)
#undef X
	}
	return NULL;
}

static json_t *origin_json(const struct origin *origin)
{
	json_t *json = json_object(), *containers = json_array();

	json_set_text(json, "mode", mode_name(origin->mode));
	json_set_text(json, "agent", origin->agent);
	json_set_text(json, "version", origin->version);
	json_set_text(json, "boot_id", origin->boot_id);
	json_set_text(json, "hostname", origin->hostname);
	if (origin->task)
		json_object_set_new(json, "task", task_json(origin->task));
	for (size_t i = 0; i < origin->container_count; i++) {
		const struct container *container = &origin->containers[i];
		json_t *item = json_object();

		json_set_text(item, "id", container->id);
		json_set_text(item, "name", container->name);
		json_set_text(item, "image", container->image);
		json_set_text(item, "image_id", container->image_id);
		json_set_text(item, "arn", container->arn);
		json_set_text(item, "started_at", container->started_at);
		json_array_append_new(containers, item);
	}
	json_object_set_new(json, "containers", containers);
	return json;
}

static void add_body(json_t *json, const struct event_row *row)
{
	const struct event *event = &row->event;
	json_t *lineage = json_array(), *alerts = json_array();

	if (event->process)
		json_object_set_new(json, "process", process_json(event->process));
	for (size_t i = 0; i < event->lineage_count; i++)
		json_array_append_new(lineage, process_json(&event->lineage[i]));
	json_object_set_new(json, "lineage", lineage);
	if (event->file)
		json_object_set_new(json, "file", file_json(event->file));
	if (event->cloud)
		json_object_set_new(json, "cloud", cloud_json(event->cloud));
	if (event->call)
		json_object_set_new(json, "call", call_json(event->call));
	if (event->heartbeat)
		json_object_set_new(json, "heartbeat", heartbeat_json(event->heartbeat));
	if (event->kind == EVENT_EXIT)
		set_number(json, "exit_status", event->exit_status);
	for (size_t i = 0; i < event->alert_count; i++)
		json_array_append_new(alerts, alert_json(row, &event->alerts[i]));
	json_object_set_new(json, "alerts", alerts);
	json_object_set_new(json, "origin", origin_json(&row->origin));
}

json_t *event_json(const struct event_row *row)
{
	json_t *json = json_object();
	char id[UUID_TEXT_MAX];

	json_set_text(json, "event", uuid_format(row->event_id, id));
	json_set_text(json, "kind", event_kind_name(row->kind));
	json_set_text(json, "type", row->type);
	json_set_time(json, "time", row->event.time_ns);
	json_set_time(json, "received_at", row->received_ns);
	set_id(json, "task", row->task_id);
	set_id(json, "actor", row->actor_id);
	json_set_text(json, "stream", row->stream);
	if (row->kind == EVENT_SCAN) {
		json_object_set_new(json, "scan", json_loadb(row->scan_json, row->scan_json_length, 0, NULL));
		return json;
	}
	set_number(json, "seq", (int64_t)row->event.seq);
	set_number(json, "resolution_ns", row->event.resolution_ns);
	add_body(json, row);
	return json;
}
