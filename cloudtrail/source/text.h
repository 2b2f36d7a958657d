/*
 * text.h: the text of a CloudTrail file, unpacked where it is gzip (told by its first bytes, not by its name).
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define TEXT_MAX (256u << 20) /* unpacked; CloudTrail itself stays under 50 MB */

struct text_end {
	bool early; /* the packed data ended or broke before its end; the text before that is there */
	char reason[256];
};

/*
 * Appends the file's text to text (set up by the caller, see TEXT_MAX). Data that stops early is no failure: ret_end says so.
 * Errors: ERR_NOT_FOUND, ERR_LIMIT past the ceiling of text, ERR_FAILED; without the path in front.
 */
int text_read(const char *path, struct strbuf *text, struct text_end *ret_end, struct err *err);

/* The same for data in memory; name stands in no message. */
int text_unpack(const void *data, size_t length, struct strbuf *text, struct text_end *ret_end, struct err *err);
