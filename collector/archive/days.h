/*
 * days.h: which days are in the archive, as the database knows it.
 */
#pragma once

#include <stdbool.h>

#include "collector/archive/manifest.h"

#define DAY_NS (INT64_C(86400) * 1000000000)

struct store;

struct archived_day {
	int64_t day_ns;
	const char *source;
	int64_t events; /* of the newest part */
	int64_t archived_ns;
	int64_t dropped_ns, restored_ns, kept_until_ns; /* 0: not */
};

/* Newest first. */
int archived_days_list(struct store *store, int64_t tenant, size_t limit, struct arena *arena,
		       struct archived_day **ret, size_t *ret_count, struct err *err);

/* *ret_found is false when the unit was never archived from, or restored into, this database. */
int archived_day_find(struct store *store, const struct archive_unit *unit, struct arena *arena,
		      struct archived_day *ret, bool *ret_found, struct err *err);

/* Beginnings of the days from from_ns until until_ns that may have events, oldest first. */
int archive_days_with_events(struct store *store, int64_t from_ns, int64_t until_ns, struct arena *arena,
			     int64_t **ret, size_t *ret_count, struct err *err);

/* One archive or restore at a time in all collectors of the database. Errors: ERR_AGAIN. */
int archive_lock(struct store *store, struct err *err);
void archive_unlock(struct store *store);

/* Newest schema step of the database, in the arena. */
int archive_schema(struct store *store, struct arena *arena, const char **ret, struct err *err);
