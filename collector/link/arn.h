/*
 * arn.h: Amazon resource names taken apart, and made from the short names that records use.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"

#define ARN_SIZE_MAX 2048

/* Parts of "arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE"; resource may hold colons and slashes. */
struct arn {
	const char *partition, *service, *region, *account, *resource;
};

/* Where a short name is meant: in this account and region. */
struct arn_scope {
	const char *account, *region;
};

/* False if text is no ARN (or memory ran out); the parts live in arena. */
bool arn_parse(const char *text, struct arena *arena, struct arn *ret);

/* aws, aws-cn, aws-us-gov ... */
const char *arn_partition(const char *region);

/* Text after the last slash or colon: what people call the thing. */
const char *arn_tail(const char *arn);

/*
 * Canonical ARN from an ARN or a name; NULL without memory. A task's cluster, when its short ARN or id does not
 * name it, comes from cluster (name or ARN; NULL = not known, then a short ARN stays short).
 */
char *arn_cluster(const char *text, const struct arn_scope *scope, struct arena *arena);
char *arn_task(const char *text, const char *cluster, const struct arn_scope *scope, struct arena *arena);
char *arn_service(const char *text, const char *cluster, const struct arn_scope *scope, struct arena *arena);
char *arn_task_definition(const char *text, const struct arn_scope *scope, struct arena *arena);
char *arn_trail(const char *text, const struct arn_scope *scope, struct arena *arena);
char *arn_iam(const char *text, const char *type, const struct arn_scope *scope, struct arena *arena);
