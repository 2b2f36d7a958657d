/*
 * pool.h: a few connections shared by threads.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define POOL_SIZE_MAX 8

struct pool;
struct store;

/* Opens nothing yet. conninfo is copied; role, which every connection takes on, is borrowed. NULL without memory. */
struct pool *pool_new(const char *conninfo, size_t size);
struct pool *pool_new_as(const char *conninfo, const char *role, size_t size);
void pool_free(struct pool *pool); /* accepts NULL; nobody may hold a connection */

/* Waits for a free connection. Errors: ERR_UNREACHABLE when a new one cannot be made. */
int pool_take(struct pool *pool, struct store **ret, struct err *err);
/* With store_begin_reading(), for one tenant: where row-level security applies, no other can be seen. */
int pool_take_reading(struct pool *pool, int64_t tenant, struct store **ret, struct err *err);
void pool_give(struct pool *pool, struct store *store); /* ends what was not committed */
