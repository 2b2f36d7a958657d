/*
 * entered.h: what is known and told of a process that was put into a container from outside, once its tracer has tried to follow it.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct agent;
struct container_identity;
struct entrant;

/*
 * left: how many of its threads could not be followed (0 = none), or negative, and err says why. It is known from before its first event on, with
 * its container (NULL = not known), which started at started_ns.
 */
void entered_tell(struct agent *agent, const struct entrant *entrant, const struct container_identity *container,
		  int64_t started_ns, int left, struct err *err);
