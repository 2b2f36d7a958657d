/*
 * expired.h: what retention would end goes to the archive first, where that was asked for.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct halt;
struct store;

/*
 * For every tenant and source that is archived; what is in the archive leaves the database, *ret_events in all. After an error
 * retention must not go on: nothing is lost, the next upkeep tries again. Errors: as archive_run().
 */
int expired_archive(struct store *store, const char *folder, const struct halt *halt, int64_t now_ns,
		    int64_t *ret_events, struct err *err);
