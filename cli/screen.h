/*
 * screen.h: where answers go: standard output, its width and whether it shows colours. Errors and progress never go there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

/* Columns: COLUMNS if it is set, else the terminal's, else 0: nothing limits a pipe. */
size_t screen_width(void);

/* Only on a terminal that is not dumb, with NO_COLOR empty. */
bool screen_colour(void);

/* Writes all of it. Errors: ERR_FAILED, also when the reader is gone. */
int screen_write(const struct strbuf *text, struct err *err);
