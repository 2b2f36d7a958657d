#include <libsmartcols/libsmartcols.h>
#include <locale.h>
#include <stdint.h>
#include <string.h>

#include "table/rows.h"
#include "text/escape.h"

#define SEPARATOR	"  "
#define SEPARATOR_WIDTH (sizeof(SEPARATOR) - 1)
#define SHORTENED_MIN	8 /* columns that are left of a cell at the least */

static void unref_table(struct libscols_table **table)
{
	scols_unref_table(*table);
}

static void free_locale(locale_t *utf8)
{
	if (*utf8)
		freelocale(*utf8);
}

static const char *safe_cell(const struct table_row *row, size_t column, struct strbuf *safe)
{
	strbuf_clear(safe);
	escape_adds(safe, row->cells[column] ? row->cells[column] : "-");
	return safe->data;
}

/* Takes columns away from the widest that may be cut until all fit, or nothing more can be taken. */
static void shrink(const struct table *table, size_t width, size_t *widths)
{
	size_t total = SEPARATOR_WIDTH * (table->column_count - 1);

	for (size_t i = 0; i < table->column_count; i++)
		total += widths[i];
	for (; total > width; total--) {
		size_t widest = SIZE_MAX;

		for (size_t i = 0; i < table->column_count; i++) {
			if (table->columns[i].may_shorten && widths[i] > SHORTENED_MIN &&
			    (widest == SIZE_MAX || widths[i] > widths[widest]))
				widest = i;
		}
		if (widest == SIZE_MAX)
			return;
		widths[widest]--;
	}
}

static void measure(const struct table *table, size_t width, size_t *widths)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	for (size_t i = 0; i < table->column_count; i++) {
		widths[i] = text_width(table->columns[i].title);
		for (const struct table_row *row = table->first; row; row = row->next) {
			size_t cell = text_width(safe_cell(row, i, &safe));

			widths[i] = cell > widths[i] ? cell : widths[i];
		}
	}
	if (width)
		shrink(table, width, widths);
}

/* Cuts text to width columns, and shows that it did. */
static void cut(struct strbuf *safe, size_t width)
{
	size_t used = 0, bytes = 0, step, columns;

	if (text_width(safe->data) <= width)
		return;
	while ((step = text_step(safe->data + bytes, &columns)) > 0 && used + columns < width) {
		used += columns;
		bytes += step;
	}
	strbuf_truncate(safe, bytes);
	strbuf_adds(safe, "…");
}

static int add_columns(const struct table *table, struct libscols_table *out)
{
	for (size_t i = 0; i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];

		if (!scols_table_new_column(out, column->title, 1, column->is_number ? SCOLS_FL_RIGHT : 0))
			return -1;
	}
	return 0;
}

static int add_rows(const struct table *table, const size_t *widths, struct libscols_table *out)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	for (const struct table_row *row = table->first; row; row = row->next) {
		struct libscols_line *line = scols_table_new_line(out, NULL);

		for (size_t i = 0; i < table->column_count; i++) {
			safe_cell(row, i, &safe);
			cut(&safe, widths[i]);
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
	size_t widths[TABLE_COLUMNS_MAX];

	measure(table, style->width, widths);
	if (!lines || add_columns(table, lines) < 0 || add_rows(table, widths, lines) < 0)
		return -1;
	scols_table_set_column_separator(lines, SEPARATOR);
	/* The cells are escaped already; encoding them again would show every backslash twice. */
	scols_table_enable_noencoding(lines, 1);
	/* The widths are settled; libsmartcols would cut without showing it. */
	scols_table_set_termforce(lines, SCOLS_TERMFORCE_NEVER);
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
