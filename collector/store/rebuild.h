/*
 * rebuild.h: all derived rows thrown away and derived again from the events.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define REBUILD_CHUNK 500 /* events held in memory at once */

struct store;

/*
 * One transaction: until it ends, readers see the old rows, and writers that touch the same entities wait (their senders
 * try again). Errors: ERR_AGAIN when another rebuild runs.
 */
int rebuild(struct store *store, int64_t tenant, uint64_t *ret_events, uint64_t *ret_underived, struct err *err);
