/*
 * part.h: the files of one part of the archive: written from the database, and checked.
 */
#pragma once

#include "collector/archive/manifest.h"

struct halt;
struct store;

/*
 * Writes the part's files as the transaction sees the rows (one moment for both). ret->oldest_ns and the like are the caller's.
 * Files without a manifest that names them mean nothing, and are written over by the next run.
 */
int part_write(struct store *store, const char *folder, const struct archive_unit *unit, size_t number,
	       struct archive_part *ret, struct err *err);

/* Reads every file of the part from the disk. Errors: as archive_file_check(). */
int part_check(const char *folder, const struct archive_unit *unit, size_t number, const struct archive_part *part,
	       const struct halt *halt, struct err *err);

/* Removes the files of a part that no manifest names. */
void part_remove(const char *folder, const struct archive_unit *unit, size_t number);

/* Puts the files of part from into the place of part to. */
int part_move(const char *folder, const struct archive_unit *unit, size_t from, size_t to, struct err *err);
