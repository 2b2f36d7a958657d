/*
 * part_set.h: all parts of a text among many, in one pass (Aho and Corasick, Efficient string matching, 1975).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct part_set;

struct part {
	const char *text;
	size_t length; /* at least 1 */
	uint32_t number;
};

/* Where a pass stands; zeroed at its start. */
struct part_scan {
	size_t at;
	uint32_t state, ending;
};

/*
 * No two alike; texts are borrowed while it is made. any_case: letters of ASCII are the same in both cases, and parts are
 * written in small ones. NULL without memory.
 */
struct part_set *part_set_new(struct arena *arena, struct part *parts, size_t count, bool any_case);

/* The number of the next part that the text has; a part counts wherever it ends. False at the end of the text. */
bool part_set_next(const struct part_set *set, const char *text, size_t length, struct part_scan *scan,
		   uint32_t *ret_number);
