#include "agent/ecs/metadata.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/fetch.h"
#include "json/json.h"

#define ARN_PARTS 6 /* arn:partition:service:region:account:resource */

void metadata_free(struct metadata *metadata)
{
	if (!metadata)
		return;
	arena_fini(&metadata->arena);
	free(metadata);
}

static const char *text_of(struct metadata *metadata, const json_t *json, const char *name)
{
	return arena_dup(&metadata->arena, json_text(json, name));
}

/* Part number (0 = "arn") of an ARN; the last one holds all the rest. NULL if there are fewer. */
static const char *arn_part(struct arena *arena, const char *arn, int number)
{
	const char *part = arn;

	for (int i = 0; part && i < number; i++) {
		part = strchr(part, ':');
		part = part ? part + 1 : NULL;
	}
	if (!part || strncmp(arn, "arn:", 4) != 0)
		return NULL;
	return number == ARN_PARTS - 1 ? part : arena_copy(arena, part, strcspn(part, ":"));
}

/* The endpoint gives a name on Fargate and an ARN elsewhere; the task's own ARN has the rest. */
static const char *cluster_arn(struct metadata *metadata, const char *cluster, const char *task_arn)
{
	const char *partition, *region, *account;

	if (!cluster || strncmp(cluster, "arn:", 4) == 0)
		return cluster;
	if (!task_arn)
		return NULL;
	partition = arn_part(&metadata->arena, task_arn, 1);
	region = arn_part(&metadata->arena, task_arn, 3);
	account = arn_part(&metadata->arena, task_arn, 4);
	if (!partition || !region || !account)
		return NULL;
	return arena_printf(&metadata->arena, "arn:%s:ecs:%s:%s:cluster/%s", partition, region, account, cluster);
}

static void parse_task(struct metadata *metadata, const json_t *json)
{
	struct task_identity *task = &metadata->task;
	const char *slash;

	task->task.arn = text_of(metadata, json, "TaskARN");
	task->task.cluster = text_of(metadata, json, "Cluster");
	task->task.family = text_of(metadata, json, "Family");
	task->task.revision = text_of(metadata, json, "Revision");
	task->task.service = text_of(metadata, json, "ServiceName");
	task->task.availability_zone = text_of(metadata, json, "AvailabilityZone");
	task->task.launch_type = text_of(metadata, json, "LaunchType");
	task->task.vpc = text_of(metadata, json, "VPCID");
	metadata->has_task = task->task.arn != NULL;
	task->cluster_arn = cluster_arn(metadata, task->task.cluster, task->task.arn);
	/* Batches carry the ARN too, so that nobody downstream has to know this trap. */
	if (task->cluster_arn)
		task->task.cluster = task->cluster_arn;
	if (!task->task.arn)
		return;
	slash = strrchr(task->task.arn, '/');
	task->id = slash ? slash + 1 : NULL;
	task->region = arn_part(&metadata->arena, task->task.arn, 3);
	task->account = arn_part(&metadata->arena, task->task.arn, 4);
}

static void parse_image(struct metadata *metadata, struct container_identity *container)
{
	struct image_parts parts;

	if (!container->info.image)
		return;
	image_parts(container->info.image, &parts);
	container->repository = arena_copy(&metadata->arena, container->info.image, parts.repository_length);
	if (parts.tag)
		container->tag = arena_copy(&metadata->arena, parts.tag, parts.tag_length);
	container->digest = parts.digest ? parts.digest : container->info.image_id;
}

static void add_addresses(struct metadata *metadata, const json_t *list, const char **addresses, size_t *count)
{
	const json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *text =
			*count < NETWORK_ADDRESSES_MAX ? arena_dup(&metadata->arena, json_string_value(item)) : NULL;

		if (text)
			addresses[(*count)++] = text;
	}
}

static bool is_same_text(const char *left, const char *right)
{
	return left && right ? strcmp(left, right) == 0 : left == right;
}

/* An interface is known by its MAC address or, without one, by its first address. */
static bool has_network(const struct metadata *metadata, const struct task_network *network)
{
	for (size_t i = 0; i < metadata->task.task.network_count; i++) {
		const struct task_network *other = &metadata->networks[i];

		if (is_same_text(other->mac, network->mac) &&
		    (network->mac || is_same_text(other->address_count ? other->addresses[0] : NULL,
						  network->address_count ? network->addresses[0] : NULL)))
			return true;
	}
	return false;
}

static void parse_network(struct metadata *metadata, const json_t *json)
{
	const char **addresses = arena_array(&metadata->arena, const char *, NETWORK_ADDRESSES_MAX);
	struct ecs_task *task = &metadata->task.task;
	struct task_network network = {
		.mode = text_of(metadata, json, "NetworkMode"),
		.mac = text_of(metadata, json, "MACAddress"),
		.private_dns = text_of(metadata, json, "PrivateDNSName"),
		.ipv4_subnet = text_of(metadata, json, "IPv4SubnetCIDRBlock"),
		.ipv6_subnet = text_of(metadata, json, "IPv6SubnetCIDRBlock"),
		.addresses = addresses,
	};

	if (!addresses || !json_is_object(json) || task->network_count == TASK_NETWORKS_MAX)
		return;
	add_addresses(metadata, json_object_get(json, "IPv4Addresses"), addresses, &network.address_count);
	add_addresses(metadata, json_object_get(json, "IPv6Addresses"), addresses, &network.address_count);
	if ((!network.mac && !network.address_count) || has_network(metadata, &network))
		return;
	metadata->networks[task->network_count++] = network;
	task->networks = metadata->networks;
}

static void parse_networks(struct metadata *metadata, const json_t *container)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(container, "Networks"), i, item)
		parse_network(metadata, item);
}

static void parse_container(struct metadata *metadata, const json_t *json)
{
	struct container_identity *container = &metadata->containers[metadata->container_count];

	if (metadata->container_count == METADATA_CONTAINERS_MAX || !json_text(json, "DockerId"))
		return;
	*container = (struct container_identity){
		.info = {
			.id = text_of(metadata, json, "DockerId"),
			.name = text_of(metadata, json, "Name"),
			.image = text_of(metadata, json, "Image"),
			.image_id = text_of(metadata, json, "ImageID"),
			.arn = text_of(metadata, json, "ContainerARN"),
			.started_at = text_of(metadata, json, "StartedAt"),
		},
	};
	if (!container->info.id)
		return;
	snprintf(container->short_id, sizeof(container->short_id), "%s", container->info.id);
	parse_image(metadata, container);
	metadata->plain[metadata->container_count++] = container->info;
}

/* A container's own answer names its task and cluster in labels. */
static void parse_labels(struct metadata *metadata, const json_t *labels)
{
	static const char *const members[][2] = {
		{ "com.amazonaws.ecs.task-arn", "TaskARN" },
		{ "com.amazonaws.ecs.cluster", "Cluster" },
		{ "com.amazonaws.ecs.task-definition-family", "Family" },
		{ "com.amazonaws.ecs.task-definition-version", "Revision" },
	};
	AUTO_JSON task = json_object();

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		json_set_text(task, members[i][1], json_text(labels, members[i][0]));
	parse_task(metadata, task);
}

int metadata_parse(const char *name, const char *text, size_t length, bool is_task, struct metadata **ret,
		   struct err *err)
{
	AUTO_JSON json = NULL;
	struct metadata *metadata;
	size_t index;
	json_t *item;

	if (json_parse(name, text, length, &json, err) < 0)
		return err->code;
	if (!json_is_object(json))
		return err_set(err, ERR_SYNTAX, "\"%s\" is not a JSON object", name);
	metadata = calloc(1, sizeof(*metadata));
	if (!metadata)
		return err_set(err, ERR_MEMORY, "out of memory");
	arena_init(&metadata->arena, METADATA_MEMORY_MAX);
	if (is_task) {
		parse_task(metadata, json);
		json_array_foreach (json_object_get(json, "Containers"), index, item) {
			parse_container(metadata, item);
			parse_networks(metadata, item);
		}
	} else {
		parse_labels(metadata, json_object_get(json, "Labels"));
		parse_container(metadata, json);
		parse_networks(metadata, json);
	}
	for (size_t i = 0; i < metadata->container_count; i++)
		metadata->containers[i].task = metadata->has_task ? &metadata->task : NULL;
	*ret = metadata;
	return 0;
}

static int fetch_one(const char *url, int64_t timeout_ns, bool is_task, struct metadata **ret, struct err *err)
{
	AUTO_STRBUF body = STRBUF_INIT;

	if (fetch_get(url, NULL, timeout_ns, &body, err) < 0)
		return err->code;
	return metadata_parse(url, body.data, body.length, is_task, ret, err);
}

int metadata_fetch(const char *uri, int64_t timeout_ns, struct metadata **ret, struct err *err)
{
	char url[512];
	struct err second = { 0 };

	if ((size_t)snprintf(url, sizeof(url), "%s/task", uri) >= sizeof(url))
		return err_set(err, ERR_LIMIT, "the address of the metadata endpoint is longer than %zu bytes",
			       sizeof(url));
	if (fetch_one(url, timeout_ns / 2, true, ret, err) == 0)
		return 0;
	return fetch_one(uri, timeout_ns / 2, false, ret, &second) == 0 ? 0 : err->code;
}

const struct container_identity *metadata_find_id(const struct metadata *metadata, const char *id)
{
	for (size_t i = 0; i < metadata->container_count; i++) {
		if (strcmp(metadata->containers[i].info.id, id) == 0)
			return &metadata->containers[i];
	}
	return NULL;
}

const struct container_identity *metadata_find_uri(const struct metadata *metadata, const char *uri)
{
	const char *part = strrchr(uri, '/'), *last = part ? part + 1 : uri;
	const struct container_identity *exact = metadata_find_id(metadata, last);
	size_t length = strlen(last);

	if (exact || length < CONTAINER_SHORT_ID)
		return exact;
	for (size_t i = 0; i < metadata->container_count; i++) {
		const char *id = metadata->containers[i].info.id;

		/* Either may be the longer one: Fargate appends "-" and ten digits. */
		if (strncmp(id, last, length) == 0 || strncmp(id, last, strlen(id)) == 0)
			return &metadata->containers[i];
	}
	return NULL;
}
