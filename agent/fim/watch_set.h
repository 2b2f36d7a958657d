/*
 * watch_set.h: which files are kept an eye on, and how closely: named sets of paths, read from files or built in.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define WATCH_FILE_MAX	   (1u << 20)
#define WATCH_SETS_MAX	   64
#define WATCH_PATTERNS_MAX 256 /* of each list of a set */

struct watch_set {
	const char *name;
	const char **paths, **except; /* "/folder/": everything below; else a shell pattern, or a path */
	size_t path_count, except_count;
	bool has_diff; /* lines that changed are kept, too */
};

struct watch_sets;

/* Sets of files and folders (*.yaml, in order of name); the built-in ones if count is 0. Errors: ERR_SYNTAX with file and line. */
int watch_sets_load(const char *const *files, size_t count, struct watch_sets **ret, struct err *err);
void watch_sets_free(struct watch_sets *sets); /* accepts NULL */

/* The first set that path, absolute and normalised, belongs to; NULL if none. */
const struct watch_set *watch_sets_find(const struct watch_sets *sets, const char *path);

size_t watch_sets_count(const struct watch_sets *sets);
const struct watch_set *watch_sets_at(const struct watch_sets *sets, size_t index);
