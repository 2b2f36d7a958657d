/*
 * plan.h: how the rules that may hold for one kind of event are found without asking each of them.
 *
 * Every rule stands behind what it cannot hold without: patterns of one or more fields (triggers), or a check that many
 * rules share (gates). An event looks each of these fields up once; only rules behind what was found are asked, with
 * everything that does not depend on the event worked out before. compile/plan.c makes plans.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run;
struct pattern_set;

/*
 * A part of a condition for one kind of event: no "not" but in front of checks, no constants, checks of one field that
 * are or-ed put together (group nodes), the ones that decide most for least first.
 */
enum term_kind { TERM_FALSE, TERM_TRUE, TERM_ALL, TERM_ANY, TERM_LEAF };

struct term {
	enum term_kind kind;
	bool is_not;	 /* LEAF */
	uint32_t node;	 /* LEAF */
	uint32_t *terms; /* ALL, ANY */
	size_t count;
};

/* numbers of patterns are numbers of rules; first_pattern counts the patterns of all triggers before. */
struct trigger {
	uint32_t operand;
	size_t first_pattern;
	const struct pattern_set *patterns;
};

/* Rules that can hold only if a term does. */
struct gate {
	uint32_t term;
	uint32_t *rules;
	size_t count;
};

/* Those that have neither are always asked. */
struct plan {
	struct trigger *triggers;
	struct gate *gates;
	uint32_t *always;
	size_t trigger_count, gate_count, always_count, rule_count;
};

/* Kinds of events that no check tells apart. */
struct event_class {
	const struct plan *plans[2]; /* of rules for all kinds; of those for this one */
	const uint32_t *terms;	     /* of each rule; TERM_FALSE if it cannot hold */
	size_t rule_count;
};

/* Calls found for each rule that holds, in order; returns how many. */
size_t class_match(struct run *run, const struct event_class *class, void (*found)(void *context, size_t rule),
		   void *context);
