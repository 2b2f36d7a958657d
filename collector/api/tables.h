/*
 * tables.h: how large the store's tables are, and how its days stand, for the status and the metrics.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct store;

struct table_size {
	const char *name;
	int64_t rows, bytes; /* of all tenants: the planner's estimate; with indexes */
	int64_t days, ahead; /* of event: partitions, and those of days to come */
	int64_t in_default;  /* of event: about how many rows have no day of their own */
};

/* One row for each table, by name, in the arena. */
int tables_read(struct store *store, struct arena *arena, struct table_size **ret, size_t *ret_count,
		struct err *err);

/* The row of table event, or NULL. */
const struct table_size *tables_event(const struct table_size *tables, size_t count);
