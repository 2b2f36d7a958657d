/*
 * falco_result.h: what was found wrong in rule files, in the JSON that Falco prints when it validates them.
 */
#pragma once

#include <jansson.h>

#include "rules/ruleset.h"

/*
 * {"falco_load_results": [{name, successful, errors, warnings}]}, a result for each file in order; an error or warning is
 * {code, codedesc, message, context: {locations: [{item_type, item_name, position: {name, line, column, offset}}],
 * snippet}}. Lines and columns count from 1, offsets from 0. What Falco says of its schema is left out, as nothing here
 * checks that. New, or NULL without memory.
 */
json_t *falco_result(const struct ruleset *set);

/* Falco's few words for a code, or "". */
const char *falco_code_text(const char *code);
