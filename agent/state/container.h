/*
 * container.h: the container and task that a process belongs to, as rules and batches name them.
 *
 * Made once and never changed or freed while processes may point at it; see ecs/metadata.h for who makes them.
 */
#pragma once

#include "model/batch.h"

#define CONTAINER_SHORT_ID 12 /* digits of container.id */

/* The task, and what its ARN says. */
struct task_identity {
	struct ecs_task task;
	const char *cluster_arn;
	const char *id; /* last part of the ARN */
	const char *account;
	const char *region;
};

struct container_identity {
	struct container info;
	char short_id[CONTAINER_SHORT_ID + 1];
	const char *repository, *tag, *digest; /* parts of info.image; NULL where it has none */
	const struct task_identity *task;      /* NULL outside ECS */
};

/* Where the parts of an image reference lie: "registry:5000/name:tag@sha256:...". Lengths 0 = absent. */
struct image_parts {
	size_t repository_length;
	const char *tag, *digest;
	size_t tag_length;
};

void image_parts(const char *image, struct image_parts *ret);
