/*
 * pack.h: the rules that the product ships, inside the program, so that it works without any file.
 */
#pragma once

#include "base/err.h"
#include "rules/policy.h"
#include "rules/ruleset.h"

/*
 * Adds the shipped files for source ("syscall" or "aws_cloudtrail"; NULL: all). Errors: those of ruleset_add_text;
 * ERR_NOT_FOUND for another source.
 */
int rulepack_add(struct ruleset *set, const char *source, struct err *err);

/* Adds the shipped policies, for all sources. Errors: those of policies_add_text. */
int rulepack_add_policies(struct policies *policies, struct err *err);
