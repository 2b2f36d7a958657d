/*
 * tree.h: the condition of a rule as a tree, lists and macros put in, and what an event makes of each part of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "rules/ruleset.h"

enum part_kind { PART_AND, PART_OR, PART_NOT, PART_CHECK };

/* Texts live in the arena or as long as the set. */
struct rule_part {
	enum part_kind kind;
	size_t depth; /* 0 = the whole condition */
	size_t count; /* of parts from here on that are this one's, itself included: the next one is that much further */
	const char *macro; /* name of the macro that it stands for, or NULL */
	const char *text;  /* CHECK: the check in Falco's form */
	bool is_never;	   /* CHECK: of evt.num=0 and its like, which no event fulfils */
	size_t rules;	   /* CHECK: enabled rules that ask the same; all of them pay for it once */
	/* with an event */
	bool holds;
	bool decides;	   /* CHECK: were it otherwise, the rule might have ended otherwise */
	const char *field; /* CHECK: what it looks at, as written */
	const char *seen;  /* CHECK: the value of that as outputs show it, NULL if the event has none */
};

struct rule_tree {
	struct rule_part *parts; /* each before its own parts */
	size_t count;
};

struct tree_event {
	const char *evt_type;
	const struct field_reader *reader;
};

/* Fills *ret for rule number rule; event may be NULL. False without memory. */
bool ruleset_tree(const struct ruleset *set, size_t rule, const struct tree_event *event, struct arena *arena,
		  struct rule_tree *ret);

/*
 * Appends the tree, a line for each part. With an event, what did not decide is folded into one line; values are escaped.
 */
void tree_print(const struct rule_tree *tree, bool with_event, struct strbuf *out);
