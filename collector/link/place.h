/*
 * place.h: where an agent runs, out of its origin: ids and canonical names that all events of one batch share.
 */
#pragma once

#include "collector/link/arn.h"
#include "collector/link/derivation.h"

struct task_keys {
	struct arn arn;
	struct arn_scope scope;
	const char *task, *cluster; /* canonical ARNs; cluster NULL if nothing names it */
	bool is_cluster_in_arn;
};

struct place {
	bool in_task; /* else keys are empty */
	struct task_keys keys;
	int64_t task, cluster, host; /* 0 = none; a host only outside a task */
	const char *watermark;
};

/* Of the input's origin: the memo's, made at its first event, or own, filled in now. */
const struct place *place_find(struct derivation *derivation, struct place *own);

/* Id of a container (NULL = 0), by the memo where it has it. */
int64_t place_container(struct derivation *derivation, const char *container);
