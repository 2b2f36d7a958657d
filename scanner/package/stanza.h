/*
 * stanza.h: texts of "Key: value" lines in paragraphs, as dpkg and apk keep their databases.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct stanza_line {
	const char *key, *value; /* not NUL-terminated */
	size_t key_length, value_length;
	bool ends; /* a blank line: the paragraph is over; key and value are empty */
};

/* Takes the next line off *text. False at the end. Continuation lines (leading blank) and lines without a colon are skipped. */
bool stanza_next(const char **text, struct stanza_line *ret);

/* Keys compare without case. */
bool stanza_is(const struct stanza_line *line, const char *key);
