#include "agent/containers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/proc/proc.h"
#include "base/map.h"

#define REMEMBERED 1024 /* namespaces whose container was found last */

struct known_container {
	struct container_identity identity;
	char id[PROC_CONTAINER_ID_MAX];
	struct known_container *next;
};

struct containers {
	struct map *by_id;
	struct known_container *all;
	uint32_t own_namespace;
	struct {
		uint32_t mount_namespace;
		const struct container_identity *identity;
	} remembered[REMEMBERED];
};

struct containers *containers_new(void)
{
	struct containers *containers = calloc(1, sizeof(*containers));
	struct stat own;

	if (!containers)
		return NULL;
	containers->by_id = map_new();
	if (stat("/proc/1/ns/mnt", &own) == 0 || stat("/proc/self/ns/mnt", &own) == 0)
		containers->own_namespace = (uint32_t)own.st_ino;
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

const struct container_identity *containers_find(struct containers *containers, pid_t pid, uint32_t mount_namespace)
{
	uint32_t slot = mount_namespace % REMEMBERED;
	char id[PROC_CONTAINER_ID_MAX];

	/* most executions of a host are its own: /proc is not asked for them */
	if (mount_namespace == containers->own_namespace)
		return NULL;
	if (proc_container_id(pid, id)) {
		containers->remembered[slot].mount_namespace = mount_namespace;
		containers->remembered[slot].identity = container_know(containers, id);
		return containers->remembered[slot].identity;
	}
	/* the process is gone, or in no container; a namespace that had one has it still */
	if (containers->remembered[slot].mount_namespace == mount_namespace)
		return containers->remembered[slot].identity;
	return NULL;
}
