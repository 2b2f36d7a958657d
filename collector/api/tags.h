/*
 * tags.h: what agents are tagged with, as a query says it.
 */
#pragma once

#include "collector/api/route.h"

#define TAGS_MAX 32

/* Cuts the query's "tags" at its commas, within the request's arena. Errors: ERR_USAGE. */
int tags_of(const struct request *request, const char *tags[TAGS_MAX], size_t *ret_count, struct err *err);

/* The JSON array of a row as JSON; an empty one for what is none. */
json_t *tags_json(const char *tags);
