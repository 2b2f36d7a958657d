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

/* Columns a valid UTF-8 text takes on a terminal. */
size_t text_width(const char *text);
