/*
 * program.h: compiled conditions: operands read once per event, leaves and inner nodes evaluated once per event.
 *
 * Equal operands, leaves and nodes of all rules are the same row (hash-consing), so a rule costs only what no rule
 * before it has asked. Immutable after compiling; what an event changes lies in struct run (run.h).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/field.h"
#include "rules/language/ast.h"
#include "rules/run/plan.h"
#include "rules/vector.h"

#define EVT_TYPES_MAX	512
#define EVT_TYPE_WORDS	(EVT_TYPES_MAX / 64)
#define NODES_MAX	1000000
#define TERMS_MAX	4000000
#define RULE_SOURCES	2
#define ANCESTORS_MAX	16
#define TRANSFORMED_MAX (1u << 20) /* bytes that transformers may make per event */

struct map;
struct run_spare;
struct matcher;
struct operand;

/* Which evt.types a condition can hold for: a bit per row of model/evt_types.def. */
struct evt_set {
	uint64_t bits[EVT_TYPE_WORDS];
	bool others; /* also names that the table does not have */
};

/* Something read or made from an event, or a constant. */
struct operand {
	enum operand_kind kind;
	enum field field;
	const char *argument;
	enum transform transform;
	uint32_t *parts; /* TRANSFORM, LIST: numbers of operands */
	size_t count;
	struct value constant; /* TEXT, NUMBER */
	enum value_type type;
	bool is_list;
	bool is_ancestors; /* all ancestors: holds if it holds for any */
	bool is_ends;	   /* both ends of a connection: != holds only if both differ */
};

/* The first two are also the numbers of the only nodes of their kind. */
enum node_kind { NODE_FALSE, NODE_TRUE, NODE_AND, NODE_OR, NODE_NOT, NODE_LEAF, NODE_GROUP };

struct node {
	enum node_kind kind;
	uint32_t *children; /* AND, OR, NOT */
	size_t count;
	const struct matcher *matcher; /* LEAF */
	/* GROUP: holds if the operand holds any of the patterns */
	uint32_t operand;
	const struct pattern_set *patterns;
};

/* One token of an output: text, or an operand and the name it has among the fields of an alert. */
struct format_token {
	const char *text;
	const char *name;
	uint32_t operand;
	unsigned int width; /* padded or cut to; 0 = as it is */
};

struct format {
	struct format_token *tokens;
	size_t count;
};

/* A field of alerts with a format of its own. */
struct format_field {
	const char *name;
	struct format format;
};

struct rule_program {
	uint32_t node;
	int source; /* its row */
	struct evt_set events;
	struct format output;
	struct vector extra_fields; /* of struct format_field: of alerts, besides those of the output */
	/* what the rule is found by, one of which must hold: terms that are leaves; none if it is always asked */
	uint32_t *found_by;
	size_t found_by_count;
};

struct program {
	struct operand *operands;
	struct node *nodes;
	struct term *terms;
	size_t operand_count, operand_size, node_count, node_size, term_count;
	uint32_t evt_time;			/* operand of %evt.time */
	struct run_spare *spare;		/* memory between events */
	struct map *operand_names, *node_names; /* text to number + 1 while compiling */
	size_t pattern_count;			/* of the triggers of all plans */
	size_t mark_count, mark_word_count;	/* words of a bit per rule; of a bit per such word */
	struct text_set *evt_types;		/* names of the table */
	struct evt_set wanted[RULE_SOURCES];
	const struct event_class *classes[RULE_SOURCES][EVT_TYPES_MAX + 1]; /* the last: names not in the table */
};
