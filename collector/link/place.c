#include "collector/link/place.h"

#include <stdlib.h>
#include <string.h>

#define MEMO_SIZE_MAX  (1u << 20)
#define CONTAINERS_MAX 8

struct derive_memo {
	const struct origin *origin; /* whose place it is; NULL = nobody's yet */
	struct place place;
	struct {
		const char *text;
		int64_t id;
	} containers[CONTAINERS_MAX]; /* the first ones; further ones are not remembered */
	size_t container_count;
	struct arena arena;
};

struct derive_memo *derive_memo_new(void)
{
	struct derive_memo *memo = calloc(1, sizeof(*memo));

	if (memo)
		arena_init(&memo->arena, MEMO_SIZE_MAX);
	return memo;
}

void derive_memo_free(struct derive_memo *memo)
{
	if (!memo)
		return;
	arena_fini(&memo->arena);
	free(memo);
}

static const char *cluster_from_task_arn(struct derivation *derivation, const struct task_keys *keys)
{
	const char *name = strncmp(keys->arn.resource, "task/", 5) == 0 ? keys->arn.resource + 5 : "";
	const char *slash = strchr(name, '/');

	if (slash == NULL)
		return NULL;
	name = arena_copy(derivation->arena, name, (size_t)(slash - name));
	return name != NULL ? arn_cluster(name, &keys->scope, derivation->arena) : NULL;
}

static bool find_task_keys(struct derivation *derivation, struct task_keys *ret)
{
	const struct ecs_task *task = derivation->input->origin->task;

	*ret = (struct task_keys){ 0 };
	if (task == NULL || !arn_parse(task->arn, derivation->arena, &ret->arn))
		return false;
	ret->scope = (struct arn_scope){ ret->arn.account, ret->arn.region };
	ret->cluster = cluster_from_task_arn(derivation, ret);
	ret->is_cluster_in_arn = ret->cluster != NULL;
	if (ret->cluster == NULL && task->cluster != NULL && *task->cluster != '\0')
		ret->cluster = arn_cluster(task->cluster, &ret->scope, derivation->arena);
	ret->task = arn_task(task->arn, ret->cluster, &ret->scope, derivation->arena);
	return true;
}

static void settle(struct derivation *derivation, struct place *place)
{
	const struct origin *origin = derivation->input->origin;

	*place = (struct place){ .watermark = derive_printf(derivation, "agent %s",
							    origin->agent != NULL ? origin->agent : "?") };
	place->in_task = find_task_keys(derivation, &place->keys) && place->keys.task != NULL;
	if (place->in_task) {
		place->task = derive_id(derivation, ENTITY_TASK, place->keys.task);
		place->cluster = derive_id(derivation, ENTITY_CLUSTER, place->keys.cluster);
	} else {
		place->host = derive_id(derivation, ENTITY_HOST, origin->agent);
	}
}

const struct place *place_find(struct derivation *derivation, struct place *own)
{
	struct derive_memo *memo = derivation->input->memo;
	struct arena *arena = derivation->arena;

	if (memo != NULL && memo->origin == derivation->input->origin)
		return &memo->place;
	if (memo == NULL || memo->origin != NULL) {
		settle(derivation, own);
		return own;
	}
	derivation->arena = &memo->arena;
	settle(derivation, &memo->place);
	derivation->arena = arena;
	if (!derivation->is_out_of_memory)
		memo->origin = derivation->input->origin;
	return &memo->place;
}

int64_t place_container(struct derivation *derivation, const char *container)
{
	struct derive_memo *memo = derivation->input->memo;
	int64_t id;

	if (container == NULL)
		return 0;
	for (size_t i = 0; memo != NULL && i < memo->container_count; i++) {
		if (strcmp(memo->containers[i].text, container) == 0)
			return memo->containers[i].id;
	}
	id = derive_id(derivation, ENTITY_CONTAINER, container);
	if (memo != NULL && memo->container_count < CONTAINERS_MAX && !derivation->is_out_of_memory) {
		char *text = arena_dup(&memo->arena, container);

		if (text != NULL) {
			memo->containers[memo->container_count].text = text;
			memo->containers[memo->container_count++].id = id;
		}
	}
	return id;
}
