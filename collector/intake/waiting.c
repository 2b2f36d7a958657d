#include "collector/intake/waiting.h"

#include <stdbool.h>
#include <string.h>

struct others {
	const struct taken *const *list;
	size_t count;
};

void waiting_init(struct waiting *waiting)
{
	waiting->first = NULL;
	waiting->last = &waiting->first;
}

void waiting_add(struct waiting *waiting, struct pending *pending)
{
	pending->next = NULL;
	*waiting->last = pending;
	waiting->last = &pending->next;
}

static bool is_same_stream(const struct batch_rows *a, const struct batch_rows *b)
{
	return a->tenant == b->tenant && memcmp(a->batch->stream_id, b->batch->stream_id, STREAM_ID_SIZE) == 0;
}

static bool is_written(const struct others *others, const struct batch_rows *rows)
{
	for (size_t i = 0; i < others->count; i++) {
		for (size_t j = 0; j < others->list[i]->count; j++) {
			if (is_same_stream(others->list[i]->rows[j], rows))
				return true;
		}
	}
	return false;
}

/* The oldest batch, of a tenant if one is given, whose stream nobody writes; NULL if there is none. */
static const struct pending *find_free(const struct waiting *waiting, const struct others *others,
				       const int64_t *tenant)
{
	for (const struct pending *at = waiting->first; at; at = at->next) {
		if ((!tenant || at->rows->tenant == *tenant) && !is_written(others, at->rows))
			return at;
	}
	return NULL;
}

static void take_stream(struct waiting *waiting, const struct batch_rows *of, struct taken *taken, size_t *events)
{
	struct pending **at = &waiting->first;

	while (*at && taken->count < GROUP_BATCHES_MAX && *events < GROUP_EVENTS_MAX) {
		struct pending *pending = *at;

		if (!is_same_stream(pending->rows, of)) {
			at = &pending->next;
			continue;
		}
		*at = pending->next;
		*events += pending->rows->batch->event_count;
		taken->pending[taken->count] = pending;
		taken->rows[taken->count++] = pending->rows;
	}
	while (*at)
		at = &(*at)->next;
	waiting->last = at;
}

void waiting_take(struct waiting *waiting, const struct taken *const *others, size_t other_count, struct taken *ret)
{
	const struct others written = { others, other_count };
	const struct pending *next = find_free(waiting, &written, NULL);
	int64_t tenant;
	size_t events = 0;

	ret->count = 0;
	if (!next)
		next = waiting->first;
	if (next)
		tenant = next->rows->tenant;
	while (next && ret->count < GROUP_BATCHES_MAX && events < GROUP_EVENTS_MAX) {
		take_stream(waiting, next->rows, ret, &events);
		next = find_free(waiting, &written, &tenant);
	}
}
