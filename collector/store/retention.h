/*
 * retention.h: how long events of a source are kept, and the end of those that are older, with what was derived from them alone.
 */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

struct store;

struct retention_row {
	const char *source;    /* agent, cloudtrail or scan */
	int64_t days;	       /* 0: for ever; such rows are not stored */
	bool is_archived;      /* they go to the archive first: whoever archives ends them */
	int64_t done_until_ns; /* events before it are gone */
};

struct retention_result {
	int64_t events, derived; /* rows deleted one by one */
	int64_t days;		 /* partitions dropped whole */
};

int retention_list(struct store *store, int64_t tenant, struct arena *arena, struct retention_row **ret,
		   size_t *ret_count, struct err *err);

/* days 0: for ever. Errors: ERR_USAGE for an unrecognized source. */
int retention_set(struct store *store, int64_t tenant, const char *source, int64_t days, bool is_archived,
		  struct err *err);

/* The beginning of the oldest day that is kept. */
int64_t retention_cutoff(const struct retention_row *row, int64_t now_ns);

/* Whoever has events, in the arena. */
int retention_tenants(struct store *store, struct arena *arena, int64_t **ret, size_t *ret_count, struct err *err);

/*
 * For every tenant. A day that no tenant keeps anything of is dropped as a partition; other events are deleted, but for those
 * that go to the archive and those restored from it that are kept for now. Alerts, assertions, marks and scans go with their event.
 * Entities and origins stay as long as something that is kept may speak of them.
 */
int retention_apply(struct store *store, int64_t now_ns, struct retention_result *ret, struct err *err);

/* Deletes alerts, assertions, marks and scans of the span whose event is gone; adds to *count. Within a transaction. */
int retention_end_derived(struct store *store, int64_t tenant, int64_t from_ns, int64_t until_ns, int64_t *count,
			  struct err *err);
