/*
 * graph.h: links from assertions, and chains of links: how things hang together, how surely, and by what evidence.
 *
 * Pure: the result depends on the set of assertions only, not on their order or repetition. Results live in the arena
 * and borrow texts from the assertions.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/entity.h"

#define GRAPH_CONFIDENCE_MAX  0.99
#define GRAPH_ASSOCIATION_MAX 0.65 /* being near is never more than probable */
#define GRAPH_HOP_FACTOR      0.95 /* each step of a chain costs this much */
#define GRAPH_HOPS_MAX	      8
#define GRAPH_EVENTS_MAX      8 /* events kept as evidence of one method, oldest first */

struct graph_assertion {
	int64_t from, to;
	const char *relation, *method, *detail;
	enum strength strength;
	double confidence;
	int64_t at;
	uint8_t event_id[EVENT_ID_SIZE];
};

struct graph_method {
	const char *method, *detail;
	double confidence;			     /* best of its assertions */
	const struct graph_assertion *const *events; /* distinct events, oldest first, GRAPH_EVENTS_MAX at the most */
	size_t event_count;
	size_t total; /* distinct events, also those not kept */
};

/* All assertions about (from, relation, to) of one strength: what was tried is never mixed with what was done. */
struct graph_link {
	int64_t from, to;
	const char *relation;
	enum strength strength;
	double confidence; /* noisy-OR over methods, capped */
	int64_t first, last;
	const struct graph_method *methods; /* by name */
	size_t method_count;
};

/* Ordered by (from, to, relation, strength). Errors: ERR_MEMORY. */
int graph_links(const struct graph_assertion *assertions, size_t count, struct arena *arena, struct graph_link **ret,
		size_t *ret_count, struct err *err);

struct graph_reach {
	int64_t entity;
	unsigned hops;
	enum strength strength; /* weakest step on the strongest way; 0 at a start */
	double confidence;	/* of the surest way of that strength */
};

struct graph_walk {
	const struct graph_link *links; /* followed in both directions */
	size_t link_count;
	const int64_t *starts;
	size_t start_count;
	unsigned hops_max; /* up to GRAPH_HOPS_MAX */
	/* True for an entity that is reached, but never passed through; not asked about starts. */
	bool (*is_stop)(int64_t entity, const void *context);
	const void *context;
};

/* Everything reached, ordered by entity. Errors: ERR_MEMORY. */
int graph_walk(const struct graph_walk *walk, struct arena *arena, struct graph_reach **ret, size_t *ret_count,
	       struct err *err);
