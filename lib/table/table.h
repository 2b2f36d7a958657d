/*
 * table.h: rows of text under one column table, printed as aligned text, JSON, JSON lines, CSV or TSV.
 *
 * Cells are raw texts of any origin: every format makes them safe itself (escapes for text, CSV and TSV, a quote in front of
 * what a spreadsheet would run, \u for JSON). The only place that sees libsmartcols.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

#define TABLE_COLUMNS_MAX 32
#define TABLE_BYTES_MAX	  (64u << 20) /* of all cells */

/* name, word for -o */
#define TABLE_FORMATS(X)                                                                                             \
	X(TEXT, "table")                                                                                             \
	X(JSON, "json")                                                                                              \
	X(JSONL, "jsonl")                                                                                            \
	X(CSV, "csv")                                                                                                \
	X(TSV, "tsv")

enum table_format {
#define X(id, word) TABLE_##id,
	TABLE_FORMATS(X)
#undef X
};

struct table_column {
	const char *name;  /* member in JSON, head in CSV and TSV */
	const char *title; /* head in text */
	bool is_number;	   /* right-aligned; its cells must be JSON numbers */
	bool may_shorten;  /* cut, and shown to be cut, where the terminal is narrow; never in other formats */
};

struct table_style {
	size_t width; /* columns of the terminal; 0 = as wide as it gets */
};

struct table;

/* columns must outlive the table. NULL without memory. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table); /* accepts NULL */
void table_free_pointer(struct table **table);

/* Copies one cell per column; NULL is an absent value. Errors: ERR_MEMORY also past TABLE_BYTES_MAX. */
int table_add(struct table *table, const char *const *cells, struct err *err);

size_t table_count(const struct table *table);

/* Appends the table. An empty one is "[]" as JSON, nothing as JSON lines, its heads in all others. Errors: ERR_MEMORY. */
int table_print(const struct table *table, enum table_format format, const struct table_style *style,
		struct strbuf *out, struct err *err);

/* -1 if word names no format. */
int table_format_find(const char *word);

#define AUTO_TABLE CLEANUP(table_free_pointer) struct table *
