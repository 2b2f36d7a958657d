#include <string.h>

#include "base/arena.h"
#include "rules/run/matcher.h"

/* The hash stands beside the text, so that a text that is not in the set is hardly ever compared. */
struct text_slot {
	const struct value *value;
	uint64_t hash;
};

struct text_set {
	size_t shortest, longest;
	const struct value *values;
	size_t mask;
	struct text_slot *slots;
};

#define HASH_FACTOR UINT64_C(0x9e3779b97f4a7c15) /* 2^64 divided by the golden ratio */

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * HASH_FACTOR;
	return hash ^ hash >> 29;
}

/* Eight bytes at a time; only ever compared within one process, so the order of bytes does not matter. */
uint64_t text_hash(const char *text, size_t length)
{
	uint64_t hash = length, word = 0;

	for (; length >= sizeof(word); text += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		hash = mix(hash, word);
	}
	word = 0;
	for (size_t i = 0; i < length; i++)
		word = word << 8 | (unsigned char)text[i];
	return mix(mix(hash, word), 0);
}

/* The slot that holds the text, or the empty one where it belongs. */
static struct text_slot *slot_find(const struct text_set *set, const char *text, size_t length, uint64_t hash)
{
	size_t at = hash & set->mask;

	for (; set->slots[at].value; at = (at + 1) & set->mask) {
		const struct text_slot *slot = &set->slots[at];

		if (slot->hash == hash && slot->value->length == length &&
		    memcmp(slot->value->text, text, length) == 0)
			break;
	}
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
	set->values = values;
	set->shortest = SIZE_MAX;
	set->slots = arena_array(arena, struct text_slot, size);
	if (!set->slots)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		uint64_t hash = text_hash(values[i].text, values[i].length);

		*slot_find(set, values[i].text, values[i].length, hash) = (struct text_slot){ &values[i], hash };
		if (values[i].length < set->shortest)
			set->shortest = values[i].length;
		if (values[i].length > set->longest)
			set->longest = values[i].length;
	}
	return set;
}

bool text_set_may_have(const struct text_set *set, size_t length)
{
	return length >= set->shortest && length <= set->longest;
}

size_t text_set_find(const struct text_set *set, const char *text, size_t length, uint64_t hash)
{
	const struct value *found = slot_find(set, text, length, hash)->value;

	return found ? (size_t)(found - set->values) : TEXT_SET_NONE;
}

bool text_set_has(const struct text_set *set, const char *text, size_t length)
{
	return text_set_may_have(set, length) &&
	       text_set_find(set, text, length, text_hash(text, length)) != TEXT_SET_NONE;
}
