/*
 * containers.h: the containers of a host, as executions show them: a process that runs in a mount namespace of its own and
 * whose control group names a container.
 */
#pragma once

#include "agent/state/container.h"

#include <stdint.h>
#include <sys/types.h>

#define CONTAINERS_MAX 65536 /* seen in one run; processes of further ones are reported without a container */

struct containers;

struct containers *containers_new(void);	     /* NULL without memory */
void containers_free(struct containers *containers); /* accepts NULL; no process may point at them any more */

/*
 * The container in which pid executes something now, made known if it is new; NULL = none, or gone before it could be
 * asked. mount_namespace is what the sensor saw. Borrowed until containers_free().
 */
const struct container_identity *containers_find(struct containers *containers, pid_t pid, uint32_t mount_namespace);
