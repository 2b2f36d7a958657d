/*
 * container.h: where the credentials of a container's role are asked for, by the variables that ECS and EKS set.
 *
 * Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

struct container_source {
	struct strbuf url;	     /* "" = there is none */
	struct strbuf authorization; /* "" = none */
};

/*
 * Reads AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, else ..._FULL_URI, and the token that goes with it (a file wins). Addresses are
 * taken only as numbers, and only of this machine or of the agents of ECS and EKS: credentials come from nobody else.
 * Errors: ERR_USAGE for another address, ERR_FAILED for a token that cannot be read or used.
 */
int container_source_find(struct container_source *ret, struct err *err);
/*
 * The same for a container that is not to be trusted, by its environment (variables one behind the other, each ended by NUL): only
 * the relative address counts, which leads to the agent of ECS; every other could be one of its own making. Errors: ERR_USAGE.
 */
int container_source_of(const char *environment, size_t length, struct container_source *ret, struct err *err);

void container_source_fini(struct container_source *source); /* accepts a zeroed one */
