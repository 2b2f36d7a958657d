/*
 * map.h: a hash map from text to pointers; thin names over uthash, so that only map.c sees its macros.
 *
 * Keys are copied; values belong to the caller. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct map;

struct map *map_new(void);	/* NULL without memory */
void map_free(struct map *map); /* accepts NULL; frees no value */
void map_free_pointer(struct map **map);

void *map_get(const struct map *map, const char *key);	     /* NULL if absent */
bool map_put(struct map *map, const char *key, void *value); /* replaces; false without memory */
void *map_remove(struct map *map, const char *key);	     /* the value, or NULL */
size_t map_count(const struct map *map);

/* Visits in insertion order; visit must not change the map. */
void map_each(const struct map *map, void (*visit)(const char *key, void *value, void *context), void *context);

#define AUTO_MAP CLEANUP(map_free_pointer) struct map *
