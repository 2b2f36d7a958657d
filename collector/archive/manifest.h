/*
 * manifest.h: what the archive holds of one day of a source's events of a tenant: FOLDER/tenant-T/YYYY/event_YYYYMMDD_SOURCE.json.
 * The format is documented in docs/archive.md.
 *
 * A part is what one run of the archive wrote: an "event" file and an "origin" file. Parts are only ever added; where two
 * hold the same event, the later one is right.
 */
#pragma once

#include <limits.h>

#include "base/arena.h"
#include "collector/archive/file.h"

#define MANIFEST_FORMAT	   1
#define MANIFEST_PARTS_MAX 100

enum archive_table { ARCHIVE_EVENT, ARCHIVE_ORIGIN, ARCHIVE_TABLE_COUNT };

/* Columns as they stand in the files, in order; a file with others is not restored. */
struct archive_columns {
	const char *table, *columns;
};
extern const struct archive_columns archive_tables[ARCHIVE_TABLE_COUNT];

/* What is archived as one. */
struct archive_unit {
	int64_t tenant;
	const char *source; /* agent, cloudtrail or scan */
	int64_t day_ns;
};

struct archive_part {
	int64_t archived_ns;
	const char *program, *schema; /* version, and newest schema step, of who wrote it */
	int64_t oldest_ns, newest_ns; /* of its events */
	struct archive_file files[ARCHIVE_TABLE_COUNT];
};

struct manifest {
	struct archive_unit unit;
	size_t part_count;
	struct archive_part parts[MANIFEST_PARTS_MAX];
};

/* Makes the folder that the unit's files are in. */
int manifest_folder(const char *folder, const struct archive_unit *unit, struct err *err);

/* Paths of a unit: of its manifest, and of a file of a part (counted from 1). Errors: ERR_LIMIT. */
int manifest_path(const char *folder, const struct archive_unit *unit, char out[PATH_MAX], struct err *err);
int manifest_file_path(const char *folder, const struct archive_unit *unit, size_t part, enum archive_table table,
		       char out[PATH_MAX], struct err *err);

/*
 * *ret is in the arena. Errors: ERR_NOT_FOUND when the unit was never archived, ERR_SYNTAX for what is no manifest of this unit,
 * ERR_FAILED when its format or columns are not ours, with what to do.
 */
int manifest_read(const char *folder, const struct archive_unit *unit, struct arena *arena, struct manifest **ret,
		  struct err *err);

/* The text of a manifest; for manifest_read() and its fuzz target. name is what errors call it. */
int manifest_parse(const char *name, const char *text, size_t length, const struct archive_unit *unit,
		   struct arena *arena, struct manifest *ret, struct err *err);

/* A crash leaves the old or the new one. */
int manifest_write(const char *folder, const struct manifest *manifest, struct err *err);
