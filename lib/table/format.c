#include "table/table.h"

#include <jansson.h>
#include <string.h>

#include "json/json.h"
#include "table/rows.h"
#include "text/escape.h"

static json_t *row_json(const struct table *table, const struct table_row *row)
{
	json_t *object = json_object();

	for (size_t i = 0; object && i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];
		const char *cell = row->cells[i];

		if (!cell)
			json_object_set_new(object, column->name, json_null());
		else if (column->is_number)
			json_object_set_new(object, column->name, json_loads(cell, JSON_DECODE_ANY, NULL));
		else
			json_set_text(object, column->name, cell);
	}
	return object;
}

static int print_json(const struct table *table, struct strbuf *out, struct err *err)
{
	AUTO_JSON rows = json_array();

	for (const struct table_row *row = table->first; row; row = row->next)
		json_array_append_new(rows, row_json(table, row));
	return json_print(rows, JSON_INDENT(2), out, err);
}

static int print_json_lines(const struct table *table, struct strbuf *out, struct err *err)
{
	for (const struct table_row *row = table->first; row; row = row->next) {
		AUTO_JSON object = row_json(table, row);

		if (json_print(object, JSON_COMPACT, out, err) < 0)
			return err->code;
	}
	return 0;
}

/* Spreadsheets run a cell that begins like this as a formula; an apostrophe in front makes it text. */
static bool is_formula(const char *cell)
{
	return *cell && strchr("=+-@\t\r", *cell);
}

static void print_csv_cell(const char *cell, bool is_number, struct strbuf *out)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	if (!cell)
		return;
	if (!is_number && is_formula(cell))
		strbuf_addc(&safe, '\'');
	escape_adds(&safe, cell);
	if (!strpbrk(safe.data, ",\"")) {
		strbuf_adds(out, safe.data);
		return;
	}
	strbuf_addc(out, '"');
	for (const char *c = safe.data; *c; c++) {
		if (*c == '"')
			strbuf_addc(out, '"');
		strbuf_addc(out, *c);
	}
	strbuf_addc(out, '"');
}

/* A tab within a cell is escaped like any control character, so tabs only ever separate. */
static void print_tsv_cell(const char *cell, bool is_number, struct strbuf *out)
{
	if (cell && !is_number && is_formula(cell))
		strbuf_addc(out, '\'');
	escape_adds(out, cell);
}

static void print_separated(const struct table *table, char separator,
			    void (*print_cell)(const char *cell, bool is_number, struct strbuf *out),
			    struct strbuf *out)
{
	for (size_t i = 0; i < table->column_count; i++)
		strbuf_addf(out, "%s%c", table->columns[i].name, i + 1 < table->column_count ? separator : '\n');
	for (const struct table_row *row = table->first; row; row = row->next) {
		for (size_t i = 0; i < table->column_count; i++) {
			print_cell(row->cells[i], table->columns[i].is_number, out);
			strbuf_addc(out, i + 1 < table->column_count ? separator : '\n');
		}
	}
}

int table_print(const struct table *table, enum table_format format, const struct table_style *style,
		struct strbuf *out, struct err *err)
{
	switch (format) {
	case TABLE_TEXT:
		return table_print_text(table, style, out, err);
	case TABLE_JSON:
		return print_json(table, out, err);
	case TABLE_JSONL:
		return print_json_lines(table, out, err);
	case TABLE_CSV:
		print_separated(table, ',', print_csv_cell, out);
		break;
	case TABLE_TSV:
		print_separated(table, '\t', print_tsv_cell, out);
		break;
	}
	return out->failed ? err_set(err, ERR_MEMORY, "could not print a table: out of memory") : 0;
}
