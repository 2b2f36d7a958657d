/*
 * group.h: several batches, of any senders of one tenant, written in one transaction: a commit costs the same for one row and
 * for five thousand.
 *
 * What is exact about a batch stays so: each is claimed by its key within the transaction that stores its rows. A batch that
 * the server refuses fails alone: the group is halved until it is found.
 */
#pragma once

#include "collector/store/batch_rows.h"
#include "collector/store/known.h"
#include "collector/store/partitions.h"

#define GROUP_BATCHES_MAX 128
#define GROUP_EVENTS_MAX  5000 /* a group is closed once it has as many; one batch alone may hold them */

struct write_context {
	struct store *store;
	struct partitions *partitions;
	struct known *origins; /* NULL = nothing is remembered */
};

/*
 * Returns after COMMIT, or when nothing more can be done; each batch has its code, err and result. code 0: stored, or stored
 * before (result.is_repeated); ERR_UNREACHABLE, ERR_AGAIN and ERR_FAILED: later; ERR_SYNTAX, ERR_LIMIT: never.
 */
void write_group(const struct write_context *context, struct batch_rows *const *batches, size_t count);
