/*
 * screen.h: where answers go: standard output, its width and whether it shows colours. Errors and progress never go there.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "table/table.h"

/* Columns: COLUMNS if it is set, else the terminal's, else 0: nothing limits a pipe. */
size_t screen_width(void);

/* Only on a terminal that is not dumb, with NO_COLOR empty. */
bool screen_colour(void);

/* Format for a word of -o; formats are the bits 1 << TABLE_... that the command knows. Errors: ERR_USAGE. */
int screen_format(const char *word, unsigned int formats, enum table_format *ret, struct err *err);

#define SCREEN_NUMBER_MAX 32

/* The number that a row of an answer has under that name, as text; 0 if it has none. Returns out. */
const char *screen_number(const json_t *row, const char *name, char out[SCREEN_NUMBER_MAX]);

/* Writes the document, indented. */
int screen_json(const json_t *json, struct err *err);

/* Writes the table; text as wide as the screen. */
int screen_table(const struct table *table, enum table_format format, struct err *err);

/* Writes all of it. Errors: ERR_FAILED, also when the reader is gone. */
int screen_write(const struct strbuf *text, struct err *err);
