/*
 * reader.h: a field_reader over a table of texts, for tests of rules.
 */
#pragma once

#include "model/field.h"

/* name as in a condition; rows end with one without a name. Numbers and booleans are read from the text. */
struct reader_row {
	const char *name, *text;
};

struct field_reader reader_make(const struct reader_row *rows);
