/*
 * line_diff.h: which lines of a text changed: those between what both texts begin and end with.
 */
#pragma once

#include <stddef.h>

#include "base/strbuf.h"

#define LINE_DIFF_MAX 4096 /* bytes; the rest is said to be left out */

/* Appends "-LINE" for lines that went and "+LINE" for lines that came. Texts are NUL-terminated. */
void line_diff(const char *before, const char *after, struct strbuf *out);
