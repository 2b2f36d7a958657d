/*
 * counts.h: how much the store holds, for the status and for whoever rebuilt it.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

struct store;

struct totals {
	int64_t batches, dead_letters, dropped;
};

/* *ret is in the arena. Errors: as store_read(). */
int totals_read(struct store *store, struct arena *arena, struct totals **ret, struct err *err);

/*
 * *ret is a new object: events, alerts, entities, assertions (of large tables the planner's estimates: "estimated" is true),
 * batches, dead_letters, declared_drops.
 */
int counts_read(struct store *store, struct arena *arena, json_t **ret, struct err *err);
