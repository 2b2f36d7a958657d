/*
 * containers.h: the containers of a host, known by the control groups that processes execute in.
 */
#pragma once

#include "agent/state/container.h"

#define CONTAINERS_MAX 65536 /* seen in one run; processes of further ones are reported without a container */

struct containers;

struct containers *containers_new(void);	     /* NULL without memory */
void containers_free(struct containers *containers); /* accepts NULL; no process may point at them any more */

/*
 * The container that cgroup (a path; NULL is fine) names, made known if it is new; NULL = none. Borrowed until
 * containers_free().
 */
const struct container_identity *containers_find(struct containers *containers, const char *cgroup);
