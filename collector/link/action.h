/*
 * action.h: what a CloudTrail record did to what: the rows of actions.def that apply to it.
 */
#pragma once

#include "collector/link/arn.h"
#include "collector/link/derivation.h"
#include "json/json.h"

#define ACTION_TARGETS_MAX 64 /* per record; RunTask may start 10 tasks, DeleteTaskDefinitions names 10 */

/* How a text of the record becomes a canonical key. */
enum action_key {
	ACTION_KEY_PLAIN,
	ACTION_KEY_ACCOUNT,
	ACTION_KEY_CLUSTER,
	ACTION_KEY_CLUSTER_OR_DEFAULT, /* ECS means the cluster "default" where none is named */
	ACTION_KEY_TASK,
	ACTION_KEY_SERVICE,
	ACTION_KEY_TASK_DEFINITION,
	ACTION_KEY_TRAIL,
	ACTION_KEY_IAM_USER,
	ACTION_KEY_IAM_ROLE,
	ACTION_KEY_IMAGE_CONFIG, /* config digest inside an image manifest */
};

struct record {
	const json_t *json;
	const char *source; /* eventSource up to the first dot */
	const char *name;
	struct arn_scope scope;
	bool is_denied; /* an error, a failed sign-in, or a dry run: nothing was done */
	int64_t actor;
};

/*
 * Adds targets and the actor's links to them; sets the rows' task_id and cluster_id to the first task and cluster
 * acted on, and marks where a trail falls silent or speaks again.
 */
void derive_actions(struct derivation *derivation, const struct record *record);
