/*
 * chooser.h: what each rule of a plan is found by: checks of which one must hold for the rule to hold, so rare that most events
 * need not ask the rule, and of so few fields that little is looked up.
 */
#pragma once

#include "rules/compile/term.h"

/* A rule of a plan, and the leaf terms that it is found by; none: it is always asked. */
struct planned {
	uint32_t rule, term;
	uint32_t *leaves; /* in the arena of the set */
	size_t leaf_count;
};

/* Fills the leaves. False without memory. */
bool planned_choose(struct ruleset *set, const struct term_maker *maker, struct planned *rules, size_t count);

/* True if a leaf is looked up among the patterns of its operand, false if it is asked itself. */
bool leaf_is_looked_up(const struct program *program, uint32_t term);
