/*
 * utf8.h: bytes of any kind made into text that everybody accepts.
 */
#pragma once

#include "base/strbuf.h"

/* Appends text with every NUL and every byte that is not part of valid UTF-8 (RFC 3629) replaced by U+FFFD. */
void utf8_add(struct strbuf *buf, const char *text, size_t length);
