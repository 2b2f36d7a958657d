/*
 * rules.h: rule files as the commands on rules load them.
 */
#pragma once

#include "detection/choice.h"
#include "rules/ruleset.h"

struct rules_from {
	int count;
	char **paths;			  /* files and folders; none means the rules that the product ships */
	const struct rule_choice *choice; /* or NULL */
};

/*
 * Reads and compiles rules. Problems of the rules are no error here: they are in the set's diagnostics; *ret_is_bad tells whether any is an error. The caller owns *ret (ruleset_free). Errors: those of reading.
 */
int rules_load(const struct rules_from *from, struct ruleset **ret, bool *ret_is_bad, struct err *err);

void ruleset_free_pointer(struct ruleset **set);

#define AUTO_RULESET CLEANUP(ruleset_free_pointer) struct ruleset *
