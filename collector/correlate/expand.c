#include "collector/correlate/expand.h"

#include <stdlib.h>
#include <string.h>

#define IDS_PER_QUERY 1000

/* Who acts and what is acted on comes before what merely happened to be there. */
static const unsigned char kind_ranks[ENTITY_KIND_COUNT] = {
	[ENTITY_USER] = 1,	   [ENTITY_SESSION] = 1, [ENTITY_CLUSTER] = 2,	  [ENTITY_TRAIL] = 2,
	[ENTITY_SERVICE] = 2,	   [ENTITY_ROLE] = 3,	 [ENTITY_IMAGE] = 3,	  [ENTITY_CONTAINER] = 3,
	[ENTITY_RESOURCE] = 4,	   [ENTITY_ACCOUNT] = 4, [ENTITY_ACCESS_KEY] = 5, [ENTITY_IP] = 5,
	[ENTITY_AWS_SERVICE] = 5,  [ENTITY_EVENT] = 6,	 [ENTITY_HOST] = 6,	  [ENTITY_TASK_DEFINITION] = 6,
	[ENTITY_TASK] = 7,	   [ENTITY_ALERT] = 8,	 [ENTITY_PROCESS] = 9,	  [ENTITY_FILE] = 9,
	[ENTITY_EXEC_SESSION] = 1,
};

static int compare_ids(const void *left, const void *right)
{
	const int64_t a = *(const int64_t *)left;
	const int64_t b = *(const int64_t *)right;

	return (a > b) - (a < b);
}

static int compare_ranked(const void *left, const void *right)
{
	const struct entity_row *a = left;
	const struct entity_row *b = right;

	if (kind_ranks[a->kind] != kind_ranks[b->kind])
		return kind_ranks[a->kind] - kind_ranks[b->kind];
	return a->kind != b->kind ? (int)a->kind - (int)b->kind : strcmp(a->key, b->key);
}

static int add_rows(struct inquiry *inquiry, const struct expansion *expansion, const struct assertion_row *found,
		    size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct graph_assertion row = { .from = found[i].from,
					       .to = found[i].to,
					       .relation = found[i].relation,
					       .method = found[i].method,
					       .detail = found[i].detail != NULL ? found[i].detail : "",
					       .strength = found[i].strength,
					       .confidence = found[i].confidence,
					       .at = found[i].at };

		if (expansion->relation != NULL && strcmp(found[i].relation, expansion->relation) != 0)
			continue;
		memcpy(row.event_id, found[i].event_id, EVENT_ID_SIZE);
		if (rows_add(inquiry, &row, err) < 0)
			return ERR_MEMORY;
	}
	return 0;
}

int expand_to(struct inquiry *inquiry, const int64_t *ids, size_t count, unsigned depth, struct err *err)
{
	struct entity_row *rows, *all = arena_array(inquiry->arena, struct entity_row, count + 1);
	size_t found = 0, left_out = 0;

	if (all == NULL)
		return err_set(err, ERR_MEMORY, "could not read entities: out of memory");
	for (size_t i = 0, some; i < count; i += IDS_PER_QUERY) {
		size_t part = count - i < IDS_PER_QUERY ? count - i : IDS_PER_QUERY;

		if (query_entities(inquiry->store, inquiry->tenant, ids + i, part, inquiry->arena, &rows, &some,
				   err) < 0)
			return err_wrap(err, "could not read entities");
		if (some > 0)
			memcpy(all + found, rows, some * sizeof(*all));
		found += some;
	}
	qsort(all, found, sizeof(*all), compare_ranked);
	for (size_t i = 0; i < found; i++)
		left_out += node_add(inquiry, &all[i], depth) == NULL;
	if (left_out > 0)
		cut_add(inquiry, "%zu entities were left out: an answer holds %d", left_out, NODES_MAX);
	return 0;
}

/* The ends of the rows from first on that are no nodes yet, each once. */
static size_t new_ends(struct inquiry *inquiry, size_t first, int64_t *ret)
{
	size_t count = 0, kept = 0;

	for (size_t i = first; i < inquiry->row_count; i++) {
		const int64_t ends[] = { inquiry->rows[i].from, inquiry->rows[i].to };

		for (size_t j = 0; j < ARRAY_SIZE(ends); j++) {
			if (node_find(inquiry, ends[j]) == NULL)
				ret[count++] = ends[j];
		}
	}
	qsort(ret, count, sizeof(*ret), compare_ids);
	for (size_t i = 0; i < count; i++) {
		if (kept == 0 || ret[kept - 1] != ret[i])
			ret[kept++] = ret[i];
	}
	return kept;
}

/* Where there is too much, what was done is asked for once more and alone: a flood of alerts must not hide it. */
static int read_rows(struct inquiry *inquiry, const struct expansion *expansion, struct err *err)
{
	const struct assertion_filter filter = { .since_ns = expansion->is_unbounded ? 0 : inquiry->since,
						 .until_ns = inquiry->until,
						 .limit = DEEDS_MAX };
	struct assertion_row *found;
	size_t count;
	bool more = false;
	int code;

	if (query_assertions(inquiry->store, inquiry->tenant, expansion->ids, expansion->count, filter.since_ns,
			     filter.until_ns, ASSERTIONS_MAX, inquiry->arena, &found, &count, &more, err) < 0)
		return err_wrap(err, "could not read assertions");
	code = add_rows(inquiry, expansion, found, count, err);
	if (code < 0 || !more)
		return code;
	cut_add(inquiry, "more than %d assertions in the window: links may be missing", ASSERTIONS_MAX);
	if (query_deeds(inquiry->store, inquiry->tenant, expansion->ids, expansion->count, &filter, inquiry->arena,
			&found, &count, &more, err) < 0)
		return err_wrap(err, "could not read what was done");
	if (more)
		cut_add(inquiry, "only the newest %d things done in the window were read", DEEDS_MAX);
	return add_rows(inquiry, expansion, found, count, err);
}

int expand(struct inquiry *inquiry, const struct expansion *expansion, struct err *err)
{
	size_t first = inquiry->row_count;
	int64_t *ends;
	int code;

	if (expansion->count == 0)
		return 0;
	for (size_t i = 0; i < expansion->count; i++) {
		struct node *node = node_find(inquiry, expansion->ids[i]);

		if (node != NULL && expansion->relation == NULL)
			node->is_expanded = true;
	}
	code = read_rows(inquiry, expansion, err);
	if (code < 0)
		return code;
	ends = arena_array(inquiry->arena, int64_t, 2 * (inquiry->row_count - first) + 1);
	if (ends == NULL)
		return err_set(err, ERR_MEMORY, "could not follow assertions: out of memory");
	return expand_to(inquiry, ends, new_ends(inquiry, first, ends), expansion->depth, err);
}
