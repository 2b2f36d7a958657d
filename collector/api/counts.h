/*
 * counts.h: how much the store holds, for the status and for whoever rebuilt it.
 */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"

struct store;

/*
 * *ret is a new object: events, alerts, entities, assertions (of large tables the planner's estimates: "estimated" is true),
 * batches, dead_letters, declared_drops.
 */
int counts_read(struct store *store, struct arena *arena, json_t **ret, struct err *err);
