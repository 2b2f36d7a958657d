/*
 * json.h: small things over jansson that every reader of JSON here needs: located errors and safe paths.
 */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "base/strbuf.h"

#define JSON_TEXT_MAX (64u << 20)

/*
 * Parses one document. name is what the text is called in the error ("FILE", "reply of the server"):
 * could not parse "name": line 3, column 7: '}' expected near ... Errors: ERR_SYNTAX, ERR_LIMIT.
 * The caller owns *ret (json_decref).
 */
int json_parse(const char *name, const char *text, size_t length, json_t **ret, struct err *err);

/* Follows member names, ended by NULL; NULL if any step is missing or not an object. Borrowed. */
json_t *json_at(const json_t *json, ...) __attribute__((sentinel));

/* Text of a member; NULL if absent, null or not a string. Borrowed. */
const char *json_text(const json_t *json, const char *name);

/* Sets a member to a string made valid UTF-8 (bad bytes become U+FFFD); NULL text adds nothing. */
int json_set_text(json_t *object, const char *name, const char *text);

/*
 * Appends json (an object or array) and a newline, members in the order they were added. flags: JSON_INDENT(n) or JSON_COMPACT.
 * What is not printable ASCII comes out as \u escapes: the same document, and safe on a terminal. Errors: ERR_MEMORY.
 */
int json_print(const json_t *json, size_t flags, struct strbuf *out, struct err *err);

static inline void json_free_pointer(json_t **json)
{
	json_decref(*json);
	*json = NULL;
}

#define AUTO_JSON CLEANUP(json_free_pointer) json_t *
