/*
 * vector.h: a growing array of pointers in an arena.
 */
#pragma once

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"

struct vector {
	void **items;
	size_t count, size;
};

/* False without memory. */
static inline bool vector_push(struct vector *vector, struct arena *arena, void *item)
{
	if (vector->count == vector->size) {
		size_t size = vector->size ? vector->size * 2 : 4;
		void **items = arena_array(arena, void *, size);

		if (!items)
			return false;
		if (vector->count)
			memcpy(items, vector->items, vector->count * sizeof(*items));
		vector->items = items;
		vector->size = size;
	}
	vector->items[vector->count++] = item;
	return true;
}
