#include "agent/containers.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/proc/proc.h"
#include "base/map.h"

struct known_container {
	struct container_identity identity;
	char id[PROC_CONTAINER_ID_MAX];
	struct known_container *next;
};

struct containers {
	struct map *by_id;
	struct known_container *all;
};

struct containers *containers_new(void)
{
	struct containers *containers = calloc(1, sizeof(*containers));

	if (!containers)
		return NULL;
	containers->by_id = map_new();
	if (!containers->by_id)
		containers_free(TAKE(containers));
	return containers;
}

void containers_free(struct containers *containers)
{
	if (!containers)
		return;
	while (containers->all) {
		struct known_container *next = containers->all->next;

		free(containers->all);
		containers->all = next;
	}
	map_free(containers->by_id);
	free(containers);
}

static const struct container_identity *container_know(struct containers *containers, const char *id)
{
	struct known_container *known = map_get(containers->by_id, id);

	if (known)
		return &known->identity;
	if (map_count(containers->by_id) >= CONTAINERS_MAX)
		return NULL;
	known = calloc(1, sizeof(*known));
	if (!known || !map_put(containers->by_id, id, known)) {
		free(known);
		return NULL;
	}
	snprintf(known->id, sizeof(known->id), "%s", id);
	snprintf(known->identity.short_id, sizeof(known->identity.short_id), "%s", id);
	known->identity.info.id = known->id;
	known->next = containers->all;
	containers->all = known;
	return &known->identity;
}

const struct container_identity *containers_find(struct containers *containers, const char *cgroup)
{
	char id[PROC_CONTAINER_ID_MAX];

	return cgroup && cgroup_container_id(cgroup, id) ? container_know(containers, id) : NULL;
}
