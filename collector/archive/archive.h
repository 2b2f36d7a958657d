/*
 * archive.h: days of events leave the database for files, and are dropped only once the files were read back.
 *
 * A crash at any point loses nothing: files come first, then the manifest that names them, then the database's note, and rows go
 * last, in a transaction that sees that they are what was archived.
 */
#pragma once

#include <stdbool.h>

#include "collector/archive/manifest.h"

struct halt;
struct store;

struct archive_conf {
	const char *folder;
	int64_t tenant;
	const char *source;	   /* NULL = all */
	int64_t from_ns, until_ns; /* days that begin at from or later and end at until or before */
	bool drop;		   /* rows that are in the archive leave the database */
	bool spare_restored;	   /* leave alone what was restored and is kept for now */
	const struct halt *halt;   /* ends it early; or NULL */
};

struct archive_done {
	const char *source;
	int64_t day_ns;
	int64_t events; /* in the database when it was archived */
	int64_t bytes;	/* of the files that were written; 0 when the archive had just these rows already */
	bool is_dropped;
	char digest[48]; /* of the rows as the database saw them */
};

/*
 * *ret, in the arena, has what was done, also when an error stopped it half-way. Errors: ERR_USAGE for an unrecognized source;
 * ERR_AGAIN when another archive runs, rows changed meanwhile, or the end was asked for; ERR_FAILED for the disk, ERR_FULL where it is full.
 */
int archive_run(struct store *store, const struct archive_conf *conf, struct arena *arena, struct archive_done **ret,
		size_t *ret_count, struct err *err);
