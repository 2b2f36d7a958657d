/*
 * prefix_set.h: all prefixes (or suffixes) of a text among many, by one binary search.
 *
 * Sorted, and each with a link to the longest other one that it begins with. What begins a text then lies on the links from
 * the last one that does not sort behind the text. Lengths count in bits, so that networks are prefixes of addresses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PREFIX_NONE UINT32_MAX

struct arena;
struct prefix_set;

struct prefix {
	const char *text;
	size_t length;
	size_t bits; /* of text that count; the others are 0 */
	uint32_t number;
};

/* No two alike; texts are borrowed. is_reversed: texts are compared from their ends. NULL without memory. */
struct prefix_set *prefix_set_new(struct arena *arena, const struct prefix *prefixes, size_t count, bool is_reversed);

/* Place of the longest one that begins (ends) the text, or PREFIX_NONE; and of the next shorter one. */
uint32_t prefix_set_longest(const struct prefix_set *set, const char *text, size_t length);
uint32_t prefix_set_shorter(const struct prefix_set *set, uint32_t place);

/* The number that was given with the one at a place. */
uint32_t prefix_set_number(const struct prefix_set *set, uint32_t place);
