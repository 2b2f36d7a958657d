/*
 * rules_tree.h: what commands on rules say in JSON: trees of conditions and diagnostics.
 */
#pragma once

#include <jansson.h>

#include "rules/diagnostic.h"
#include "rules/tree.h"

/* The tree as nested objects; with_event adds what the event made of it. New, or NULL without memory. */
json_t *rules_tree_json(const struct rule_tree *tree, bool with_event);

/* One diagnostic as an object with file, line, column, level, code, item and message. */
json_t *rules_diagnostic_json(const struct diagnostic *diagnostic);
