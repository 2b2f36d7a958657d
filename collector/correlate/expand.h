/*
 * expand.h: one step outwards from entities: their assertions in the window, and what stands at the other ends.
 */
#pragma once

#include "collector/correlate/inquiry.h"

struct expansion {
	const int64_t *ids; /* sorted or not; at most NODES_MAX */
	size_t count;
	unsigned depth;	      /* of what is found */
	const char *relation; /* only this one, or NULL for all */
	bool is_unbounded;    /* also what was said before the window */
};

/* Adds rows, and nodes for the other ends as far as there is room, the most telling kinds first. */
int expand(struct inquiry *inquiry, const struct expansion *expansion, struct err *err);

/* Adds nodes for entities known by id. */
int expand_to(struct inquiry *inquiry, const int64_t *ids, size_t count, unsigned depth, struct err *err);
