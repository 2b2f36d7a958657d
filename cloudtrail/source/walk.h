/*
 * walk.h: finds the CloudTrail files below files and folders, in order of path, so that a run is repeatable.
 *
 * In a folder only files whose names end as CloudTrail's do are taken; digest and insight trees (siblings in the same bucket) are
 * left out. What is left out is counted. Symbolic links below a folder are not followed.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct walk_file {
	const char *path;
	int64_t size;
	int64_t modified_ns;
};

struct walk_counts {
	uint64_t files;	  /* visited */
	uint64_t digests; /* CloudTrail-Digest */
	uint64_t insights;
	uint64_t others;   /* files of other kinds */
	uint64_t problems; /* unreadable files and folders, each reported */
};

struct walk_visitor {
	/* Below 0 stops the walk with that error. */
	int (*file)(void *context, const struct walk_file *file, struct err *err);
	/*
	 * An unreadable path; the walk goes on unless below 0 is returned, then it stops with that error. folder is the one whose files
	 * could not be found because of it; NULL where nothing is known to be there (a path that does not exist).
	 */
	int (*problem)(void *context, const char *folder, const struct err *problem, struct err *err);
	void *context;
};

/* Visits everything below paths (NULL-terminated). A path that names a file is visited whatever its name. */
int walk(char *const *paths, const struct walk_visitor *visitor, struct walk_counts *counts, struct err *err);
