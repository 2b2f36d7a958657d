#include <stdlib.h>
#include <string.h>

#include "graph/graph.h"

static int compare_ids(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static int compare_link(const struct graph_assertion *a, const struct graph_assertion *b)
{
	int order = compare_ids(a->from, b->from);

	if (order == 0)
		order = compare_ids(a->to, b->to);
	if (order == 0)
		order = strcmp(a->relation, b->relation);
	return order != 0 ? order : (int)a->strength - (int)b->strength;
}

static int compare_method(const struct graph_assertion *a, const struct graph_assertion *b)
{
	int order = compare_link(a, b);

	return order != 0 ? order : strcmp(a->method, b->method);
}

static int compare_event(const struct graph_assertion *a, const struct graph_assertion *b)
{
	int order = compare_method(a, b);

	if (order == 0)
		order = compare_ids(a->at, b->at);
	return order != 0 ? order : memcmp(a->event_id, b->event_id, EVENT_ID_SIZE);
}

/* Total over all that can be seen, so that equal rows are the only ones whose order is left open. */
static int compare_rows(const void *left, const void *right)
{
	const struct graph_assertion *a = *(const struct graph_assertion *const *)left;
	const struct graph_assertion *b = *(const struct graph_assertion *const *)right;
	int order = compare_event(a, b);

	if (order == 0)
		order = strcmp(a->detail, b->detail);
	if (order == 0)
		order = (a->confidence > b->confidence) - (a->confidence < b->confidence);
	return order;
}

static int read_method(const struct graph_assertion **rows, size_t count, struct arena *arena,
		       struct graph_method *ret)
{
	const struct graph_assertion **events = arena_array(arena, const struct graph_assertion *, GRAPH_EVENTS_MAX);

	if (events == NULL)
		return ERR_MEMORY;
	*ret = (struct graph_method){ .method = rows[0]->method, .detail = rows[0]->detail, .events = events };
	for (size_t i = 0; i < count; i++) {
		if (rows[i]->confidence > ret->confidence)
			ret->confidence = rows[i]->confidence;
		if (i > 0 && compare_event(rows[i - 1], rows[i]) == 0)
			continue;
		ret->total++;
		if (ret->event_count < GRAPH_EVENTS_MAX)
			events[ret->event_count++] = rows[i];
	}
	return 0;
}

static double cap(double confidence, enum strength strength)
{
	double max = strength == STRENGTH_ASSOCIATION ? GRAPH_ASSOCIATION_MAX : GRAPH_CONFIDENCE_MAX;

	return confidence < max ? confidence : max;
}

static int read_link(const struct graph_assertion **rows, size_t count, struct arena *arena, struct graph_link *ret)
{
	struct graph_method *methods = arena_array(arena, struct graph_method, count);
	double doubt = 1;

	if (methods == NULL)
		return ERR_MEMORY;
	*ret = (struct graph_link){ .from = rows[0]->from,
				    .to = rows[0]->to,
				    .relation = rows[0]->relation,
				    .strength = rows[0]->strength,
				    .first = rows[0]->at,
				    .last = rows[0]->at,
				    .methods = methods };
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && compare_method(rows[i], rows[next]) == 0;)
			next++;
		if (read_method(rows + i, next - i, arena, &methods[ret->method_count]) < 0)
			return ERR_MEMORY;
		doubt *= 1 - methods[ret->method_count++].confidence;
		if (rows[i]->at < ret->first)
			ret->first = rows[i]->at;
		if (rows[next - 1]->at > ret->last)
			ret->last = rows[next - 1]->at;
	}
	ret->confidence = cap(1 - doubt, ret->strength);
	return 0;
}

int graph_links(const struct graph_assertion *assertions, size_t count, struct arena *arena, struct graph_link **ret,
		size_t *ret_count, struct err *err)
{
	const struct graph_assertion **rows = arena_array(arena, const struct graph_assertion *, count + 1);
	struct graph_link *links = arena_array(arena, struct graph_link, count + 1);
	size_t link_count = 0;

	if (rows == NULL || links == NULL)
		return err_set(err, ERR_MEMORY, "could not build links: out of memory");
	for (size_t i = 0; i < count; i++)
		rows[i] = &assertions[i];
	qsort(rows, count, sizeof(*rows), compare_rows);
	for (size_t i = 0, next; i < count; i = next) {
		for (next = i + 1; next < count && compare_link(rows[i], rows[next]) == 0;)
			next++;
		if (read_link(rows + i, next - i, arena, &links[link_count++]) < 0)
			return err_set(err, ERR_MEMORY, "could not build links: out of memory");
	}
	*ret = links;
	*ret_count = link_count;
	return 0;
}
