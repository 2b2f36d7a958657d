/*
 * watched.h: what the agent has to know about watched files, loaded together: the sets, and how the files should be.
 */
#pragma once

#include <stdint.h>

#include "agent/fim/baseline.h"
#include "agent/fim/watch_set.h"

struct watched_conf {
	const char *const *sets; /* files and folders; none: the built-in sets */
	size_t set_count;
	const char *baseline; /* a file, or NULL */
};

struct watched {
	struct watch_sets *sets;
	struct baseline *baseline; /* NULL: none is given */
	uint64_t version;	   /* of the sets: another one where they say something else */
};

/* Errors: those of watch_sets_load() and baseline_load(). */
int watched_load(const struct watched_conf *conf, struct watched **ret, struct err *err);
/* True if both mean the same, whatever their files look like. */
bool watched_is_same(const struct watched *left, const struct watched *right);

void watched_free(struct watched *watched); /* accepts NULL */
