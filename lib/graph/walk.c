#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"

struct way {
	double confidence; /* 0 = not reached */
	unsigned hops;
};

struct walker {
	const struct graph_walk *walk;
	struct graph_reach *reach; /* ordered by entity */
	struct way *best, *next;
	bool *is_start;
	size_t count;
};

static int compare_reach(const void *left, const void *right)
{
	const struct graph_reach *a = left;
	const struct graph_reach *b = right;

	return (a->entity > b->entity) - (a->entity < b->entity);
}

static size_t find(const struct walker *walker, int64_t entity)
{
	struct graph_reach wanted = { .entity = entity };
	const struct graph_reach *found =
		bsearch(&wanted, walker->reach, walker->count, sizeof(wanted), compare_reach);

	return (size_t)(found - walker->reach);
}

static int collect_entities(struct walker *walker, struct arena *arena)
{
	const struct graph_walk *walk = walker->walk;
	size_t max = 2 * walk->link_count + walk->start_count + 1;
	size_t count = 0;

	walker->reach = arena_array(arena, struct graph_reach, max);
	walker->best = arena_array(arena, struct way, max);
	walker->next = arena_array(arena, struct way, max);
	walker->is_start = arena_array(arena, bool, max);
	if (walker->reach == NULL || walker->best == NULL || walker->next == NULL || walker->is_start == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < walk->link_count; i++) {
		walker->reach[count++].entity = walk->links[i].from;
		walker->reach[count++].entity = walk->links[i].to;
	}
	for (size_t i = 0; i < walk->start_count; i++)
		walker->reach[count++].entity = walk->starts[i];
	qsort(walker->reach, count, sizeof(*walker->reach), compare_reach);
	for (size_t i = 0; i < count; i++) {
		if (walker->count == 0 || walker->reach[walker->count - 1].entity != walker->reach[i].entity)
			walker->reach[walker->count++] = walker->reach[i];
	}
	for (size_t i = 0; i < walk->start_count; i++)
		walker->is_start[find(walker, walk->starts[i])] = true;
	return 0;
}

static void step(struct walker *walker, size_t from, size_t to, double confidence)
{
	const struct graph_walk *walk = walker->walk;
	const struct way *way = &walker->best[from];
	double reached = way->confidence * confidence * GRAPH_HOP_FACTOR;

	if (way->confidence <= 0 || reached <= walker->next[to].confidence)
		return;
	if (!walker->is_start[from] && walk->is_stop != NULL &&
	    walk->is_stop(walker->reach[from].entity, walk->context))
		return;
	walker->next[to] = (struct way){ reached, way->hops + 1 };
}

/* Surest ways over links no weaker than strength, one hop longer each round. */
static void walk_within(struct walker *walker, enum strength strength, unsigned hops_max)
{
	const struct graph_walk *walk = walker->walk;
	size_t size = walker->count * sizeof(*walker->best);

	for (size_t i = 0; i < walker->count; i++)
		walker->best[i] = (struct way){ walker->is_start[i] ? 1 : 0, 0 };
	for (unsigned hop = 0; hop < hops_max; hop++) {
		memcpy(walker->next, walker->best, size);
		for (size_t i = 0; i < walk->link_count; i++) {
			const struct graph_link *link = &walk->links[i];
			size_t from = find(walker, link->from);
			size_t to = find(walker, link->to);

			if (link->strength > strength)
				continue;
			step(walker, from, to, link->confidence);
			step(walker, to, from, link->confidence);
		}
		memcpy(walker->best, walker->next, size);
	}
}

int graph_walk(const struct graph_walk *walk, struct arena *arena, struct graph_reach **ret, size_t *ret_count,
	       struct err *err)
{
	struct walker walker = { .walk = walk };
	unsigned hops_max = walk->hops_max < GRAPH_HOPS_MAX ? walk->hops_max : GRAPH_HOPS_MAX;
	size_t kept = 0;

	if (collect_entities(&walker, arena) < 0)
		return err_set(err, ERR_MEMORY, "could not walk the links: out of memory");
	for (int strength = STRENGTH_IDENTITY; strength <= STRENGTH_ASSOCIATION; strength++) {
		walk_within(&walker, (enum strength)strength, hops_max);
		for (size_t i = 0; i < walker.count; i++) {
			if (walker.reach[i].confidence > 0 || walker.best[i].confidence <= 0)
				continue;
			walker.reach[i].confidence = walker.best[i].confidence;
			walker.reach[i].hops = walker.best[i].hops;
			walker.reach[i].strength = walker.is_start[i] ? 0 : (enum strength)strength;
		}
	}
	for (size_t i = 0; i < walker.count; i++) {
		if (walker.reach[i].confidence > 0)
			walker.reach[kept++] = walker.reach[i];
	}
	*ret = walker.reach;
	*ret_count = kept;
	return 0;
}
