/*
 * utf8.h: which bytes are UTF-8, and bytes of any kind made into text that everybody accepts.
 */
#pragma once

#include "base/strbuf.h"

/* Bytes of the character at text, 0 if it is not valid UTF-8 (RFC 3629: no surrogates, nothing overlong); size is 1 or more. */
size_t utf8_character(const char *text, size_t size);

/* Bytes at the front of text that are valid UTF-8; NUL counts as a character. */
size_t utf8_prefix(const char *text, size_t size);

/* Appends text with every NUL and every byte that is not part of valid UTF-8 replaced by U+FFFD. */
void utf8_add(struct strbuf *buf, const char *text, size_t length);
