/*
 * element.h: one JSON value of a CloudTrail file: parsed tolerantly, and what kind of thing it is.
 */
#pragma once

#include <jansson.h>
#include <stddef.h>

enum element_kind {
	ELEMENT_RECORD,	  /* a CloudTrail record */
	ELEMENT_ENVELOPE, /* EventBridge: the record is "detail" */
	ELEMENT_LOOKUP,	  /* LookupEvents: the record is text in "CloudTrailEvent" */
	ELEMENT_DIGEST,	  /* a digest file */
	ELEMENT_OTHER,
};

/*
 * Parses one object. What a strict parser refuses but an attacker could put into a user agent (bytes that are not UTF-8, lone
 * surrogates, NUL) becomes U+FFFD instead of losing the record. The caller owns *ret. On failure returns ERR_SYNTAX with the
 * offset in text and a message of at most size bytes.
 */
int element_parse(const char *text, size_t length, json_t **ret, size_t *ret_where, char *message, size_t size);

enum element_kind element_kind(const json_t *json);
