#include <inttypes.h>
#include <string.h>

#include "base/time.h"
#include "collector/link/derivation.h"
#include "collector/link/place.h"

/*
 * Heartbeats repeat the same structure for as long as a task lives. Stating it at the beginning of a stream and once an hour is
 * enough to find it in any window, and keeps a cluster of thousands of tasks from drowning who acted on it.
 */
#define HEARTBEAT_STATED_SEQ_MAX 16
#define HEARTBEAT_STATED_PERIOD	 (3600 * NS_PER_S)
#define HEARTBEAT_STATED_SPAN	 (60 * NS_PER_S)

/* The worker of an ECS Exec session, whose command line ends in the session's id. */
static bool begins_exec_session(const struct event *event)
{
	const struct process *process = event->process;

	return process->exec_session != NULL && process->arg_count > 1 &&
	       strcmp(process->args[1], process->exec_session) == 0;
}

static bool states_structure(const struct event *event)
{
	if (event->alert_count > 0)
		return true;
	if (event->kind == EVENT_HEARTBEAT)
		return (event->heartbeat != NULL && event->heartbeat->is_origin_new) ||
		       event->seq <= HEARTBEAT_STATED_SEQ_MAX ||
		       event->time_ns % HEARTBEAT_STATED_PERIOD < HEARTBEAT_STATED_SPAN;
	if (event->kind != EVENT_EXEC || event->process == NULL)
		return false;
	return event->process->parent_exec_id == 0 || begins_exec_session(event);
}

static void add_link(struct derivation *derivation, int64_t from, int64_t to, enum link_method method,
		     const char *detail)
{
	derive_add_link(derivation,
			&(struct derive_link){ .from = from, .to = to, .method = method, .detail = detail });
}

static void add_cluster(struct derivation *derivation, const struct task_keys *keys, int64_t task)
{
	const char *stated = derivation->input->origin->task->cluster;
	int64_t cluster = derive_add_entity(derivation, ENTITY_CLUSTER, keys->cluster);

	if (cluster == 0)
		return;
	derive_add_alias(derivation, cluster, ENTITY_CLUSTER, arn_tail(keys->cluster));
	derive_add_fact(derivation, cluster, "name", arn_tail(keys->cluster));
	derive_add_fact(derivation, cluster, "account", keys->arn.account);
	derive_add_fact(derivation, cluster, "region", keys->arn.region);
	if (keys->is_cluster_in_arn)
		add_link(derivation, task, cluster, LINK_TASK_CLUSTER, "task ARN");
	if (stated == NULL || *stated == '\0')
		return;
	stated = arn_cluster(stated, &keys->scope, derivation->arena);
	if (stated != NULL)
		add_link(derivation, task, derive_add_entity(derivation, ENTITY_CLUSTER, stated),
			 LINK_TASK_CLUSTER_METADATA, "Cluster");
}

static void add_task_definition(struct derivation *derivation, const struct task_keys *keys, int64_t task)
{
	const struct ecs_task *stated = derivation->input->origin->task;
	char *name;
	int64_t definition;

	if (stated->family == NULL || *stated->family == '\0' || stated->revision == NULL ||
	    *stated->revision == '\0')
		return;
	name = derive_printf(derivation, "%s:%s", stated->family, stated->revision);
	if (name == NULL)
		return;
	definition = derive_add_entity(derivation, ENTITY_TASK_DEFINITION,
				       arn_task_definition(name, &keys->scope, derivation->arena));
	derive_add_alias(derivation, definition, ENTITY_TASK_DEFINITION, name);
	derive_add_fact(derivation, definition, "name", name);
	add_link(derivation, task, definition, LINK_TASK_DEFINITION, "Family, Revision");
}

static void add_service(struct derivation *derivation, const struct task_keys *keys, int64_t task)
{
	const char *name = derivation->input->origin->task->service;
	int64_t service;

	if (name == NULL || *name == '\0')
		return;
	service = derive_add_entity(derivation, ENTITY_SERVICE,
				    arn_service(name, keys->cluster, &keys->scope, derivation->arena));
	derive_add_alias(derivation, service, ENTITY_SERVICE, arn_tail(name));
	derive_add_fact(derivation, service, "name", arn_tail(name));
	add_link(derivation, task, service, LINK_TASK_SERVICE, "ServiceName");
}

static void add_image(struct derivation *derivation, const struct container *container, int64_t id)
{
	int64_t image = 0;

	if (container->image_id != NULL && strncmp(container->image_id, "sha256:", 7) == 0) {
		image = derive_add_entity(derivation, ENTITY_IMAGE, container->image_id);
		add_link(derivation, id, image, LINK_CONTAINER_IMAGE_DIGEST, "ImageID");
		derive_add_fact(derivation, image, "reference", container->image);
		derive_add_alias(derivation, image, ENTITY_IMAGE, container->image);
	}
	if (container->image != NULL && *container->image != '\0') {
		char *key = derive_printf(derivation, "ref:%s", container->image);

		image = derive_add_entity(derivation, ENTITY_IMAGE, key);
		add_link(derivation, id, image, LINK_CONTAINER_IMAGE_TAG, "Image");
		derive_add_fact(derivation, image, "reference", container->image);
	}
}

#define SHORT_ID_LENGTH 12 /* as docker and Falco show it */

static void add_container(struct derivation *derivation, const struct container *container, int64_t task)
{
	int64_t id = derive_add_entity(derivation, ENTITY_CONTAINER, container->id);

	if (id == 0)
		return;
	derive_add_alias(derivation, id, ENTITY_CONTAINER, container->name);
	if (strlen(container->id) > SHORT_ID_LENGTH)
		derive_add_alias(derivation, id, ENTITY_CONTAINER,
				 arena_copy(derivation->arena, container->id, SHORT_ID_LENGTH));
	derive_add_fact(derivation, id, "name", container->name);
	derive_add_fact(derivation, id, "image", container->image);
	derive_add_fact(derivation, id, "image_id", container->image_id);
	derive_add_fact(derivation, id, "started_at", container->started_at);
	add_link(derivation, task, id, LINK_TASK_CONTAINER, "Containers[].DockerId");
	add_image(derivation, container, id);
}

/* CloudTrail names the same key in what the task does: the tie from there to here is exact. */
static void add_credentials(struct derivation *derivation, int64_t task)
{
	const struct ecs_task *stated = derivation->input->origin->task;
	int64_t key = derive_add_entity(derivation, ENTITY_ACCESS_KEY, stated->access_key_id);

	derive_add_fact(derivation, task, "role_arn", stated->role_arn);
	derive_add_fact(derivation, task, "access_key_id", stated->access_key_id);
	derive_add_fact(derivation, key, "role_arn", stated->role_arn);
	add_link(derivation, key, task, LINK_KEY_TASK, "AccessKeyId");
}

/* list and text with a blank between; either may be missing. */
static char *joined(struct derivation *derivation, char *list, const char *text)
{
	if (text == NULL || *text == '\0')
		return list;
	return list == NULL ? derive_printf(derivation, "%s", text) : derive_printf(derivation, "%s %s", list, text);
}

/* As facts alone: an address stands for many things by and by, and says nothing about who else has it. */
static void add_networks(struct derivation *derivation, int64_t task)
{
	const struct ecs_task *stated = derivation->input->origin->task;
	char *addresses = NULL, *names = NULL, *macs = NULL, *subnets = NULL;

	for (size_t i = 0; i < stated->network_count; i++) {
		const struct task_network *network = &stated->networks[i];

		for (size_t k = 0; k < network->address_count; k++)
			addresses = joined(derivation, addresses, network->addresses[k]);
		names = joined(derivation, names, network->private_dns);
		macs = joined(derivation, macs, network->mac);
		subnets = joined(derivation, subnets, network->ipv4_subnet);
		subnets = joined(derivation, subnets, network->ipv6_subnet);
	}
	derive_add_fact(derivation, task, "addresses", addresses);
	derive_add_fact(derivation, task, "private_dns", names);
	derive_add_fact(derivation, task, "mac", macs);
	derive_add_fact(derivation, task, "subnets", subnets);
	derive_add_fact(derivation, task, "vpc", stated->vpc);
}

static void add_task(struct derivation *derivation, const struct task_keys *keys)
{
	const struct ecs_task *stated = derivation->input->origin->task;
	int64_t task = derive_add_entity(derivation, ENTITY_TASK, keys->task);

	derive_add_entity(derivation, ENTITY_ACCOUNT, keys->arn.account);
	derive_add_alias(derivation, task, ENTITY_TASK, arn_tail(keys->task));
	derive_add_fact(derivation, task, "name", arn_tail(keys->task));
	derive_add_fact(derivation, task, "account", keys->arn.account);
	derive_add_fact(derivation, task, "region", keys->arn.region);
	derive_add_fact(derivation, task, "family", stated->family);
	derive_add_fact(derivation, task, "revision", stated->revision);
	derive_add_fact(derivation, task, "launch_type", stated->launch_type);
	derive_add_fact(derivation, task, "availability_zone", stated->availability_zone);
	add_cluster(derivation, keys, task);
	add_task_definition(derivation, keys, task);
	add_service(derivation, keys, task);
	add_credentials(derivation, task);
	add_networks(derivation, task);
}

static void add_host(struct derivation *derivation)
{
	const struct origin *origin = derivation->input->origin;
	int64_t host = derive_add_entity(derivation, ENTITY_HOST, origin->agent);

	derive_add_alias(derivation, host, ENTITY_HOST, origin->hostname);
	derive_add_fact(derivation, host, "name", origin->hostname != NULL ? origin->hostname : origin->agent);
	derive_add_fact(derivation, host, "boot_id", origin->boot_id);
}

static void add_files(struct derivation *derivation, int64_t alert)
{
	const struct derive_input *input = derivation->input;
	const struct file_change *file = input->event->file;
	const struct process *process = input->event->process;
	const char *where;
	const char *paths[2];

	if (file == NULL)
		return;
	where = process != NULL && process->container != NULL ? process->container : input->origin->agent;
	paths[0] = file->path;
	paths[1] = file->target;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int64_t id;

		if (paths[i] == NULL)
			continue;
		id = derive_add_entity(derivation, ENTITY_FILE, derive_printf(derivation, "%s:%s", where, paths[i]));
		derive_add_fact(derivation, id, "name", paths[i]);
		derive_add_alias(derivation, id, ENTITY_FILE, paths[i]);
		add_link(derivation, alert, id, LINK_ALERT_FILE, i == 0 ? "path" : "target");
	}
}

static int64_t add_process(struct derivation *derivation)
{
	const struct derive_input *input = derivation->input;
	const struct process *process = input->event->process;
	int64_t id;

	if (process == NULL || process->exec_id == 0)
		return 0;
	id = derive_add_entity(derivation, ENTITY_PROCESS,
			       derive_printf(derivation, "%s:%" PRIu64,
					     input->stream != NULL ? input->stream : input->origin->agent,
					     process->exec_id));
	derive_add_fact(derivation, id, "name", process->name);
	derive_add_fact(derivation, id, "exe", process->exe_path);
	derive_add_fact(derivation, id, "pid", derive_printf(derivation, "%d", (int)process->pid));
	add_link(derivation, derivation->rows->container_id, id, LINK_CONTAINER_PROCESS, "container");
	return id;
}

/* Somebody's shell, opened from the cloud: the session has the same id in CloudTrail's ExecuteCommand. */
static int64_t add_exec_session(struct derivation *derivation, const struct place *place)
{
	const struct process *process = derivation->input->event->process;
	int64_t session;

	if (process == NULL || process->exec_session == NULL)
		return 0;
	session = derive_add_entity(derivation, ENTITY_EXEC_SESSION, process->exec_session);
	add_link(derivation, session, place->task, LINK_EXEC_SESSION_TASK, "ssm-session-worker");
	add_link(derivation, session, derivation->rows->container_id, LINK_EXEC_SESSION_CONTAINER,
		 "ssm-session-worker");
	return session;
}

static void add_alerts(struct derivation *derivation, const struct place *place)
{
	const struct event *event = derivation->input->event;
	int64_t process = event->alert_count > 0 ? add_process(derivation) : 0;
	int64_t session = add_exec_session(derivation, place);

	for (size_t i = 0; i < event->alert_count; i++) {
		int64_t alert = derive_add_alert(derivation, &event->alerts[i]);

		add_link(derivation, alert, place->task, LINK_ALERT_TASK, "agent's task");
		if (place->task == 0)
			add_link(derivation, alert, place->host, LINK_ALERT_HOST, "agent's host");
		add_link(derivation, alert, process, LINK_ALERT_PROCESS, "exec_id");
		add_link(derivation, alert, session, LINK_ALERT_EXEC_SESSION, "ssm-session-worker above the process");
		add_files(derivation, alert);
	}
}

static void add_heartbeat(struct derivation *derivation, int64_t where)
{
	const struct heartbeat *heartbeat = derivation->input->event->heartbeat;

	if (heartbeat == NULL)
		return;
	derive_add_fact(derivation, where, "agent_version", derivation->input->origin->version);
	derive_add_fact(derivation, where, "sensor_limit", heartbeat->detail);
	derive_add_fact(derivation, where, "dropped_events",
			derive_printf(derivation, "%" PRIu64, heartbeat->dropped_events));
}

void derive_agent(struct derivation *derivation)
{
	const struct derive_input *input = derivation->input;
	const struct event *event = input->event;
	struct derived *rows = derivation->rows;
	const struct place *place;
	struct place own;

	if (input->origin == NULL)
		return;
	place = place_find(derivation, &own);
	rows->watermark = place->watermark;
	rows->task_id = place->in_task ? place->task : place->host;
	rows->cluster_id = place->cluster;
	if (event->process != NULL)
		rows->container_id = place_container(derivation, event->process->container);
	if (states_structure(event)) {
		if (place->in_task)
			add_task(derivation, &place->keys);
		else
			add_host(derivation);
		for (size_t i = 0; i < input->origin->container_count; i++)
			add_container(derivation, &input->origin->containers[i], place->task);
		add_alerts(derivation, place);
	} else if (place->in_task && event->kind == EVENT_HEARTBEAT) {
		derive_add_entity(derivation, ENTITY_TASK, place->keys.task);
	}
	add_heartbeat(derivation, rows->task_id);
}
