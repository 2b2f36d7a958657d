#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <string.h>

#include "table/rows.h"
#include "text/escape.h"

static void unref_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}

static void free_locale(locale_t *utf8)
{
	if (*utf8)
		freelocale(*utf8);
}

static int add_columns(const struct table *table, struct libscols_table *out)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];
		int flags = (column->is_number ? SCOLS_FL_RIGHT : 0) | (column->may_shorten ? SCOLS_FL_TRUNC : 0);

		/* A hint below 1 is a share of the width: a column that may be cut gives way first. */
		if (!scols_table_new_column(out, column->title, column->may_shorten ? 0.1 : 1, flags))
			return -1;
	}
	return 0;
}

static int add_rows(const struct table *table, struct libscols_table *out)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	for (const struct table_row *row = table->first; row; row = row->next) {
		struct libscols_line *line = scols_table_new_line(out, NULL);

		for (size_t i = 0; i < table->column_count; i++) {
			strbuf_clear(&safe);
			escape_adds(&safe, row->cells[i] ? row->cells[i] : "-");
			if (!line || safe.failed || scols_line_set_data(line, i, safe.data) < 0)
				return -1;
		}
	}
	return 0;
}

/* libsmartcols pads the last column; a log file should not end its lines in blanks. */
static void add_trimmed(const char *text, struct strbuf *out)
{
	while (*text) {
		size_t length = strcspn(text, "\n"), kept = length;

		while (kept && text[kept - 1] == ' ')
			kept--;
		strbuf_add(out, text, kept);
		strbuf_addc(out, '\n');
		text += length + (text[length] == '\n');
	}
}

static int print_lines(const struct table *table, const struct table_style *style, struct strbuf *out)
{
	CLEANUP(unref_table) struct libscols_table *lines = scols_new_table();
	AUTO_FREE char *text = NULL;

	if (!lines || add_columns(table, lines) < 0 || add_rows(table, lines) < 0)
		return -1;
	scols_table_set_column_separator(lines, "  ");
	/* The cells are escaped already; encoding them again would show every backslash twice. */
	scols_table_enable_noencoding(lines, 1);
	scols_table_set_termforce(lines, style->width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (style->width)
		scols_table_set_termwidth(lines, style->width);
	if (scols_print_table_to_string(lines, &text) < 0 || !text)
		return -1;
	add_trimmed(text, out);
	return 0;
}

int table_print_text(const struct table *table, const struct table_style *style, struct strbuf *out, struct err *err)
{
	/* Widths are right only where the C library knows that text is UTF-8, whatever the user's locale says. */
	CLEANUP(free_locale) locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	locale_t before = uselocale(utf8 ? utf8 : LC_GLOBAL_LOCALE);
	int code;

	if (!table->count) {
		for (size_t i = 0; i < table->column_count; i++)
			strbuf_addf(out, "%s%s", table->columns[i].title, i + 1 < table->column_count ? "  " : "\n");
		code = out->failed ? -1 : 0;
	} else {
		code = print_lines(table, style, out);
	}
	uselocale(before);
	return code < 0 || out->failed ? err_set(err, ERR_MEMORY, "could not print a table: out of memory") : 0;
}
