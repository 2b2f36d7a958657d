/*
 * pattern_set.h: the constants of many checks of one field, all compared with a value at once.
 *
 * What it costs depends on the length of the value and on how many patterns it holds, not on how many there are: equal
 * texts, numbers and addresses are found by hash, beginnings, endings, paths and networks by one binary search each, parts in
 * one pass over the text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/value.h"

struct arena;
struct pattern_set;

#define PATTERN_PATH_MAX 4096 /* bytes of a path that others are found by */

enum pattern_kind {
	PATTERN_EQUAL,
	PATTERN_START,
	PATTERN_END,
	PATTERN_PART,
	PATTERN_PART_ANY_CASE,
	PATTERN_PATH, /* the first components of a path */
	PATTERN_NET,
	PATTERN_KIND_COUNT
};

/* number is what whoever looks the value up is told. */
struct pattern {
	enum pattern_kind kind;
	const char *text;
	size_t length;
	size_t bits; /* NET: of the text that count */
	uint32_t number;
};

/*
 * Makes a pattern of a constant of a check, which must live as long; what else it needs lies in the arena. bits: of a NET, as
 * literal_read() counts them. False without memory or if the constant is empty, which every value holds.
 */
bool pattern_make(struct arena *arena, enum pattern_kind kind, const struct value *constant, unsigned int bits,
		  uint32_t number, struct pattern *ret);

/* Patterns of values of one type; alike ones are kept once with all their numbers. Sorts them. NULL without memory. */
struct pattern_set *pattern_set_new(struct arena *arena, enum value_type type, struct pattern *patterns,
				    size_t count);

/* Distinct patterns. */
size_t pattern_set_count(const struct pattern_set *set);

/* True if text_hash() of this single value must be given. */
bool pattern_set_hashes(const struct pattern_set *set, const struct value *value);

/* A pattern that a value holds: its place among the distinct ones, and the numbers given with it. */
struct pattern_found {
	size_t place;
	const uint32_t *numbers;
	size_t count;
};

/* What is done about it; true: that is enough. */
typedef bool pattern_hit(void *context, const struct pattern_found *found);

/* Calls hit for every pattern that a single value holds, more than once for parts. True if it said that it is enough. */
bool pattern_set_find(const struct pattern_set *set, const struct value *value, uint64_t hash, pattern_hit *hit,
		      void *context);
