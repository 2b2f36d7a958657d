/*
 * rows.h: how a table holds its rows; for the files of this folder only.
 */
#pragma once

#include "base/arena.h"
#include "table/table.h"

struct table_row {
	struct table_row *next;
	const char **cells;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct arena arena;
	struct table_row *first, *last;
	size_t count;
};

/* text.c, the door to libsmartcols. */
int table_print_text(const struct table *table, const struct table_style *style, struct strbuf *out, struct err *err);
