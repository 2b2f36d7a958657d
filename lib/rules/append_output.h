/*
 * append_output.h: what is added to the outputs of rules, as the key append_output of falco.yaml tells it; for lib/rules
 * alone, but for the two functions in ruleset.h.
 */
#pragma once

#include "rules/compile/compile.h"

/* Appends to the text of a rule's output what was asked for it. */
void append_output_text(struct ruleset *set, struct rule_item *rule);

/* Compiles the fields that were asked for it. */
void append_output_fields(struct compiler *compiler, struct rule_item *rule);
