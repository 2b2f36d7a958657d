/*
 * restore.h: a day of a source comes back from the archive, row by row as it was, with everything derived from it.
 */
#pragma once

#include "collector/archive/manifest.h"

#define RESTORE_KEEP_DAYS 7 /* retention spares what was restored for so long, unless told otherwise */

struct halt;
struct store;

struct restore_conf {
	const char *folder;
	int64_t tenant;
	const char *source;	   /* NULL = all */
	int64_t from_ns, until_ns; /* whole days, half open */
	int64_t kept_until_ns;	   /* retention spares the rows until then */
	const struct halt *halt;   /* ends it early; or NULL */
};

struct restore_done {
	const char *source;
	int64_t day_ns;
	int64_t events;	  /* in the archive, each once */
	int64_t restored; /* that were missing */
};

/* Tables that rows pass through, of one transaction; RESTORE_... of sql.def name them. */
#define RESTORE_STAGING_COUNT 3
extern const char *const restore_staging[RESTORE_STAGING_COUNT];

/*
 * A day is one transaction; every file is read and checked before it. *ret, in the arena, has what was done, also when an error
 * stopped it half-way. Errors: ERR_NOT_FOUND when the archive has nothing of the span; ERR_SYNTAX for damaged files; ERR_FAILED when
 * another event stands in an event's place, or the archive is of a program this one does not know; ERR_AGAIN.
 */
int restore_run(struct store *store, const struct restore_conf *conf, struct arena *arena, struct restore_done **ret,
		size_t *ret_count, struct err *err);
