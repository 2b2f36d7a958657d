/*
 * metadata.h: what the ECS task metadata endpoint (version 4) says about the task and its containers.
 */
#pragma once

#include "agent/state/container.h"
#include "base/arena.h"
#include "base/err.h"

#define METADATA_CONTAINERS_MAX 64
#define METADATA_MEMORY_MAX	(2u << 20)

/*
 * One answer. Not changed once made, but for the role in task, which its owner keeps up to date; processes point into it.
 */
struct metadata {
	struct arena arena;
	struct task_identity task;
	bool has_task; /* false: the endpoint told of a container only */
	struct container_identity containers[METADATA_CONTAINERS_MAX];
	size_t container_count;
	struct task_network
		networks[TASK_NETWORKS_MAX]; /* of the task; each once, although every container names them */
	struct container plain[METADATA_CONTAINERS_MAX]; /* the same as struct origin wants them */
	struct metadata *next;				 /* list of its owner */
};

void metadata_free(struct metadata *metadata); /* accepts NULL */

/*
 * Reads the answer of ".../task", or (is_task false) of one container's own address. name is what the text is called in
 * errors. Missing members are fine. Errors: ERR_SYNTAX, ERR_MEMORY.
 */
int metadata_parse(const char *name, const char *text, size_t length, bool is_task, struct metadata **ret,
		   struct err *err);

/* Fetches uri + "/task", and uri itself when that does not work. Errors: of both. */
int metadata_fetch(const char *uri, int64_t timeout_ns, struct metadata **ret, struct err *err);

/* The container that uri (ECS_CONTAINER_METADATA_URI_V4) belongs to: by the last part of its path; NULL if none. */
const struct container_identity *metadata_find_uri(const struct metadata *metadata, const char *uri);

/* By runtime id; NULL if none. */
const struct container_identity *metadata_find_id(const struct metadata *metadata, const char *id);
