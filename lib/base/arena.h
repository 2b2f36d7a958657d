/*
 * arena.h: memory with one lifetime: a batch, a request, a rule file.
 *
 * Nothing is freed alone; arena_reset() forgets everything and keeps the first block. Allocations fail
 * (NULL) past the ceiling given to arena_init(). Not thread-safe.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

struct arena_block;

struct arena {
	struct arena_block *blocks; /* newest first */
	size_t used;		    /* bytes handed out from the newest block */
	size_t total;		    /* bytes of all blocks */
	size_t max;		    /* ceiling of total */
};

void arena_init(struct arena *arena, size_t max);
void arena_fini(struct arena *arena); /* accepts a zeroed arena */
void arena_reset(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t size);			/* zeroed, aligned for any type */
void *arena_take(struct arena *arena, size_t size);			/* the same, not zeroed */
char *arena_copy(struct arena *arena, const char *data, size_t length); /* adds a NUL */
char *arena_dup(struct arena *arena, const char *text);			/* NULL for NULL */
char *arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);
char *arena_vprintf(struct arena *arena, const char *format, va_list args) PRINTF_LIKE(2, 0);

#define arena_new(arena, type)		((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (count)))
#define AUTO_ARENA			CLEANUP(arena_fini) struct arena
