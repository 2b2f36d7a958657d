/*
 * escape.h: makes text that an attacker may have chosen safe to print on a terminal.
 *
 * Control characters (C0, C1, DEL), invisible and direction-changing characters (Unicode Cf), line and paragraph
 * separators, private and unassigned code points, backslashes and bytes that are not UTF-8 come out as visible
 * escapes (\x1b, \u202e, \\); everything else is kept. What comes out is always valid UTF-8 and printable.
 */
#pragma once

#include <stddef.h>

#include "base/strbuf.h"

void escape_add(struct strbuf *buf, const char *text, size_t length);

/* The same for a NUL-terminated text; NULL adds nothing. */
void escape_adds(struct strbuf *buf, const char *text);

/* Like escape_adds for a message whose parts may be escaped already: backslashes stay as they are. */
void escape_adds_message(struct strbuf *buf, const char *text);

/* Like escape_adds, and what is not ASCII comes out as \u00e9 too. */
void escape_adds_ascii(struct strbuf *buf, const char *text);

/* Bytes of the first character of a valid UTF-8 text, 0 at its end; *ret_width gets its columns. */
size_t text_step(const char *text, size_t *ret_width);

/* Columns a valid UTF-8 text takes on a terminal. */
size_t text_width(const char *text);
