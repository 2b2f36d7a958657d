/*
 * distribute.h: the same schema as distributed tables of a PostgreSQL with the Citus extension, tenant by tenant (distribution.def).
 */
#pragma once

#include "store/store.h"

#define DISTRIBUTE_SHARDS_MIN 1
#define DISTRIBUTE_SHARDS_MAX 1024

/* One statement, to be run on its own. */
struct distribution_step {
	const char *about; /* the table, or the setting */
	const char *statement;
	bool is_done; /* was before: nothing is to be done */
};

/*
 * What there is to do, in order; statements that were done before are among them. Each is whole by itself: who was interrupted asks
 * again, and goes on. Errors: ERR_FAILED when the server has no Citus, with what to do.
 */
int distribution_plan(struct store *store, int64_t shards, struct arena *arena, struct distribution_step **ret,
		      size_t *ret_count, struct err *err);
