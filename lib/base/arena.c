#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_SIZE_MIN (16u << 10)
#define BLOCK_SIZE_MAX (256u << 10) /* what is large already grows by more at once */

struct arena_block {
	struct arena_block *next;
	size_t size;
	_Alignas(max_align_t) char data[];
};

void arena_init(struct arena *arena, size_t max)
{
	*arena = (struct arena){ .max = max };
}

static void arena_free_blocks(struct arena_block *block)
{
	while (block) {
		struct arena_block *next = block->next;

		free(block);
		block = next;
	}
}

void arena_fini(struct arena *arena)
{
	arena_free_blocks(arena->blocks);
	*arena = (struct arena){ .max = arena->max };
}

void arena_reset(struct arena *arena)
{
	struct arena_block *first = arena->blocks;

	if (!first)
		return;
	arena_free_blocks(first->next);
	first->next = NULL;
	arena->total = first->size;
	arena->used = 0;
}

/* A quarter of what is there, in steps of the least. */
static size_t next_block_size(const struct arena *arena)
{
	size_t size = arena->total / 4 / BLOCK_SIZE_MIN * BLOCK_SIZE_MIN;

	return size < BLOCK_SIZE_MIN ? BLOCK_SIZE_MIN : size > BLOCK_SIZE_MAX ? BLOCK_SIZE_MAX : size;
}

static bool arena_grow(struct arena *arena, size_t size)
{
	size_t block_size = next_block_size(arena);
	struct arena_block *block;

	if (block_size < size || block_size > arena->max || arena->total > arena->max - block_size)
		block_size = size > BLOCK_SIZE_MIN ? size : BLOCK_SIZE_MIN;
	if (block_size > arena->max || arena->total > arena->max - block_size)
		return false;
	block = malloc(sizeof(*block) + block_size);
	if (!block)
		return false;
	block->next = arena->blocks;
	block->size = block_size;
	arena->blocks = block;
	arena->total += block_size;
	arena->used = 0;
	return true;
}

void *arena_take(struct arena *arena, size_t size)
{
	size_t step = _Alignof(max_align_t);
	void *result;

	if (size > arena->max)
		return NULL;
	size = (size + step - 1) / step * step;
	if (!arena->blocks || arena->used + size > arena->blocks->size) {
		if (!arena_grow(arena, size))
			return NULL;
	}
	result = arena->blocks->data + arena->used;
	arena->used += size;
	return result;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	void *result = arena_take(arena, size);

	return result ? memset(result, 0, size) : NULL;
}

char *arena_copy(struct arena *arena, const char *data, size_t length)
{
	char *copy = arena_take(arena, length + 1);

	if (!copy)
		return NULL;
	if (length)
		memcpy(copy, data, length);
	copy[length] = '\0';
	return copy;
}

char *arena_dup(struct arena *arena, const char *text)
{
	return text ? arena_copy(arena, text, strlen(text)) : NULL;
}

char *arena_vprintf(struct arena *arena, const char *format, va_list args)
{
	va_list copy;
	char *text;
	int length;

	va_copy(copy, args);
	length = vsnprintf(NULL, 0, format, copy);
	va_end(copy);
	if (length < 0)
		return NULL;
	text = arena_alloc(arena, (size_t)length + 1);
	if (text)
		vsnprintf(text, (size_t)length + 1, format, args);
	return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(arena, format, args);
	va_end(args);
	return text;
}
