/*
 * facts.h: what a rule is made of and what it costs, for those who want it explained.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "rules/ruleset.h"

/* A list of texts, in order of first use, each once. */
struct fact_names {
	const char **names;
	size_t count;
};

struct rule_facts {
	const char *written;		 /* condition as in the files, appended parts behind */
	struct fact_names macros, lists; /* that the condition names, macros of macros too */
	struct fact_names exceptions;
	struct fact_names fields;	 /* that the condition looks at */
	struct fact_names output_fields; /* that the output prints */
	struct fact_names evt_types;	 /* it can hold for; none when all_evt_types */
	bool all_evt_types;
	struct fact_names
		found_by;	/* checks of which one must hold for an event to be asked about; none: always asked */
	size_t checks;		/* of the condition */
	size_t distinct_checks; /* asked once per event at most */
	size_t shared_checks;	/* of those, how many another enabled rule asks, too */
};

/* Fills *ret for rule number rule, in the arena. False without memory. */
bool ruleset_facts(const struct ruleset *set, size_t rule, struct arena *arena, struct rule_facts *ret);

/* Number of the rule called name, or -1. */
int ruleset_find(const struct ruleset *set, const char *name);

/* The rule that was probably meant, or NULL. */
const char *ruleset_suggest(const struct ruleset *set, const char *name);
