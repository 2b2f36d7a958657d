/*
 * diagnostic.h: one problem in a rule file, with its place, as a compiler would report it.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"

/* code is Falco's name, such as LOAD_ERR_VALIDATE or LOAD_UNKNOWN_KEY. line and column count from 1, bytes. */
struct diagnostic {
	bool is_error; /* else a warning */
	const char *code;
	const char *file;
	int line, column;
	size_t offset;	     /* of the place in the file, bytes from 0 */
	const char *item;    /* "rule \"Write below binary dir\"", or NULL */
	const char *message; /* lower case, no full stop */
	const char *snippet; /* the source line, or NULL */
};

/*
 * Appends "FILE:LINE:COLUMN: error: MESSAGE [CODE]", the source line and a caret, each ending in a newline. Text from the
 * file is escaped.
 */
void diagnostic_format(const struct diagnostic *diagnostic, struct strbuf *out);

/* Where a line (from 1) of a text begins, or NULL past its end; *ret_length gets its bytes without the newline. */
const char *diagnostic_line(const char *text, size_t length, int line, size_t *ret_length);
