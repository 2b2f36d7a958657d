/*
 * pattern.h: what a value must contain so that a check can hold, as patterns that many checks are found by at once.
 */
#pragma once

#include "rules/run/matcher.h"
#include "rules/run/pattern_set.h"

struct arena;

struct pattern_list {
	struct pattern *items; /* on the heap */
	size_t count, size;
};

void pattern_list_fini(struct pattern_list *list);

/* True if patterns tell all: the check holds if, and only if, a value holds one of its patterns. */
bool check_is_patterns(const struct matcher *matcher);

/* True if the check cannot hold for a value that holds none of its patterns. */
bool check_has_patterns(const struct matcher *matcher);

/* Adds the patterns of such a check, all with this number. False without memory. */
bool check_patterns(struct arena *arena, const struct matcher *matcher, uint32_t number, struct pattern_list *list);
