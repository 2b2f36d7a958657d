/*
 * retention.h: how long events of a source are kept, and the end of those that are older, with what was derived from them alone.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct store;

struct retention_row {
	const char *source;    /* agent, cloudtrail or scan */
	int64_t days;	       /* 0: for ever; such rows are not stored */
	int64_t done_until_ns; /* events before it are gone */
};

struct retention_result {
	int64_t events, derived; /* rows deleted one by one */
	int64_t days;		 /* partitions dropped whole */
};

int retention_list(struct store *store, int64_t tenant, struct arena *arena, struct retention_row **ret,
		   size_t *ret_count, struct err *err);

/* days 0: for ever. Errors: ERR_USAGE for an unrecognized source. */
int retention_set(struct store *store, int64_t tenant, const char *source, int64_t days, struct err *err);

/*
 * For every tenant. A day that no tenant keeps anything of is dropped as a partition; other events are deleted. Alerts,
 * assertions, marks and scans go with their event. Entities stay as long as something that is kept may speak of them.
 */
int retention_apply(struct store *store, int64_t now_ns, struct retention_result *ret, struct err *err);
