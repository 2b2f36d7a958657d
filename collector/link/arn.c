#include "collector/link/arn.h"

#include <string.h>

bool arn_parse(const char *text, struct arena *arena, struct arn *ret)
{
	const char **parts[] = { &ret->partition, &ret->service, &ret->region, &ret->account };
	char *copy;

	if (text == NULL || strncmp(text, "arn:", 4) != 0 || strlen(text) > ARN_SIZE_MAX)
		return false;
	copy = arena_dup(arena, text + 4);
	if (copy == NULL)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		char *colon = strchr(copy, ':');

		if (colon == NULL)
			return false;
		*colon = '\0';
		*parts[i] = copy;
		copy = colon + 1;
	}
	ret->resource = copy;
	return *copy != '\0';
}

const char *arn_partition(const char *region)
{
	static const struct {
		const char *prefix, *partition;
	} table[] = {
		{ "cn-", "aws-cn" },
		{ "us-gov-", "aws-us-gov" },
		{ "us-iso-", "aws-iso" },
		{ "us-isob-", "aws-iso-b" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strncmp(region, table[i].prefix, strlen(table[i].prefix)) == 0)
			return table[i].partition;
	}
	return "aws";
}

const char *arn_tail(const char *arn)
{
	const char *slash = strrchr(arn, '/');
	const char *colon = strrchr(arn, ':');

	if (slash != NULL)
		return slash + 1;
	return colon != NULL ? colon + 1 : arn;
}

static bool is_arn(const char *text)
{
	return strncmp(text, "arn:", 4) == 0;
}

static char *make(const char *service, const char *resource, const struct arn_scope *scope, struct arena *arena)
{
	return arena_printf(arena, "arn:%s:%s:%s:%s:%s", arn_partition(scope->region), service, scope->region,
			    scope->account, resource);
}

char *arn_cluster(const char *text, const struct arn_scope *scope, struct arena *arena)
{
	char *resource;

	if (is_arn(text))
		return arena_dup(arena, text);
	resource = arena_printf(arena, "cluster/%s", text);
	return resource != NULL ? make("ecs", resource, scope, arena) : NULL;
}

/* ".../task/ID" of old accounts and ".../task/CLUSTER/ID" name one task: the long form is the canonical one. */
static char *lengthen(const char *text, const char *type, const char *cluster, struct arena *arena)
{
	struct arn arn;

	if (cluster == NULL || !arn_parse(text, arena, &arn) || strncmp(arn.resource, type, strlen(type)) != 0 ||
	    strchr(arn.resource + strlen(type), '/') != NULL)
		return arena_dup(arena, text);
	return arena_printf(arena, "arn:%s:%s:%s:%s:%s%s/%s", arn.partition, arn.service, arn.region, arn.account,
			    type, arn_tail(cluster), arn.resource + strlen(type));
}

static char *in_cluster(const char *type, const char *text, const char *cluster, const struct arn_scope *scope,
			struct arena *arena)
{
	char *resource;

	if (is_arn(text))
		return lengthen(text, type, cluster, arena);
	if (cluster != NULL)
		resource = arena_printf(arena, "%s%s/%s", type, arn_tail(cluster), text);
	else
		resource = arena_printf(arena, "%s%s", type, text);
	return resource != NULL ? make("ecs", resource, scope, arena) : NULL;
}

char *arn_task(const char *text, const char *cluster, const struct arn_scope *scope, struct arena *arena)
{
	return in_cluster("task/", text, cluster, scope, arena);
}

char *arn_service(const char *text, const char *cluster, const struct arn_scope *scope, struct arena *arena)
{
	return in_cluster("service/", text, cluster, scope, arena);
}

char *arn_task_definition(const char *text, const struct arn_scope *scope, struct arena *arena)
{
	char *resource;

	if (is_arn(text))
		return arena_dup(arena, text);
	resource = arena_printf(arena, "task-definition/%s", text);
	return resource != NULL ? make("ecs", resource, scope, arena) : NULL;
}

char *arn_trail(const char *text, const struct arn_scope *scope, struct arena *arena)
{
	char *resource;

	if (is_arn(text))
		return arena_dup(arena, text);
	resource = arena_printf(arena, "trail/%s", text);
	return resource != NULL ? make("cloudtrail", resource, scope, arena) : NULL;
}

char *arn_iam(const char *text, const char *type, const struct arn_scope *scope, struct arena *arena)
{
	if (is_arn(text))
		return arena_dup(arena, text);
	return arena_printf(arena, "arn:%s:iam::%s:%s/%s", arn_partition(scope->region), scope->account, type, text);
}
