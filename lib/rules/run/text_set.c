#include <string.h>

#include "base/arena.h"
#include "rules/run/matcher.h"

struct text_set {
	size_t shortest, longest;
	size_t mask;
	const struct value **slots;
};

static uint64_t text_hash(const char *text, size_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
	return hash ^ (hash >> 32);
}

/* The slot that holds the text, or the empty one where it belongs. */
static const struct value **slot_find(const struct text_set *set, const char *text, size_t length)
{
	size_t at = text_hash(text, length) & set->mask;

	while (set->slots[at] &&
	       (set->slots[at]->length != length || memcmp(set->slots[at]->text, text, length) != 0))
		at = (at + 1) & set->mask;
	return &set->slots[at];
}

struct text_set *text_set_new(struct arena *arena, const struct value *values, size_t count)
{
	struct text_set *set = arena_new(arena, struct text_set);
	size_t size = 4;

	while (size < count * 2)
		size *= 2;
	if (!set)
		return NULL;
	set->mask = size - 1;
	set->shortest = SIZE_MAX;
	set->slots = arena_array(arena, const struct value *, size);
	if (!set->slots)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		*slot_find(set, values[i].text, values[i].length) = &values[i];
		if (values[i].length < set->shortest)
			set->shortest = values[i].length;
		if (values[i].length > set->longest)
			set->longest = values[i].length;
	}
	return set;
}

bool text_set_has(const struct text_set *set, const char *text, size_t length)
{
	if (length < set->shortest || length > set->longest)
		return false;
	return *slot_find(set, text, length);
}
