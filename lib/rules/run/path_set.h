/*
 * path_set.h: paths that others begin with, compared by components.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "model/value.h"
#include "rules/run/pattern_set.h"

#define PATH_PLAIN_MAX PATTERN_PATH_MAX /* bytes of a path in plain form; what is longer is cut, within a component */

struct arena;
struct path_set;

/* Those with ? * [ are patterns. NULL without memory. */
struct path_set *path_set_new(struct arena *arena, const struct value *values, size_t count);
bool path_set_has(const struct path_set *set, const char *path, size_t length);

/*
 * A path in plain form: each component with one slash behind, up to the first that is a pattern; so that a path begins with
 * another if its text does. NULL if that is nothing, too long or without memory.
 */
char *path_plain(struct arena *arena, const char *path, size_t length, size_t *ret_length);

/* The same of a path without patterns, into a buffer of PATH_PLAIN_MAX bytes. Returns the length. */
size_t path_plain_into(char *buffer, const char *path, size_t length);
