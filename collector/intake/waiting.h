/*
 * waiting.h: batches that wait for a writer, and which of them it takes together.
 *
 * Two writers that write the same stream at once wait for one another at the stream's row until one of them has committed, and meet at the
 * same pages of the indexes. So a writer takes whole streams, the one that has waited longest first, and leaves those that another
 * writes to later, as long as there are others.
 */
#pragma once

#include <stddef.h>

#include "collector/store/group.h"

/* One batch; the caller's, and in one list at most. */
struct pending {
	struct batch_rows *rows;
	struct pending *next;
};

/* Oldest first. Not thread-safe. */
struct waiting {
	struct pending *first, **last;
};

struct taken {
	struct batch_rows *rows[GROUP_BATCHES_MAX];
	struct pending *pending[GROUP_BATCHES_MAX]; /* those of rows */
	size_t count;
};

void waiting_init(struct waiting *waiting);
void waiting_add(struct waiting *waiting, struct pending *pending);

/*
 * Takes one tenant's batches, up to what makes a group; nothing only if nothing waits. others are what the other writers are at; taken
 * with count 0 is of one that is at nothing.
 */
void waiting_take(struct waiting *waiting, const struct taken *const *others, size_t other_count, struct taken *ret);
