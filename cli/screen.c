#include "cli/screen.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "json/json.h"

#define WIDTH_MAX	 1000
#define TABLE_WIDTH_PIPE 160

size_t screen_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	long width = columns ? strtol(columns, NULL, 10) : 0;

	if (width > 0 && width <= WIDTH_MAX)
		return (size_t)width;
	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		return size.ws_col;
	return 0;
}

bool screen_colour(void)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && (!no_color || !*no_color) && term && *term && strcmp(term, "dumb") != 0;
}

int screen_write(const struct strbuf *text, struct err *err)
{
	if (text->failed)
		return err_set(err, ERR_MEMORY, "could not print the answer: out of memory");
	if (fd_write_all(STDOUT_FILENO, text->data, text->length, err) < 0)
		return err_wrap(err, "could not write the answer");
	return 0;
}

int screen_format(const char *word, unsigned int formats, enum table_format *ret, struct err *err)
{
	static const char *const words[] = {
#define X(id, text) text,
		TABLE_FORMATS(X)
#undef X
	};
	int format = table_format_find(word);
	AUTO_STRBUF known = STRBUF_INIT;

	if (format >= 0 && formats & 1u << format) {
		*ret = (enum table_format)format;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (formats & 1u << i)
			strbuf_addf(&known, "%s%s", known.length ? ", " : "", words[i]);
	}
	return err_set(err, ERR_USAGE, "output is \"%s\", but must be one of %s", word, known.data);
}

const char *screen_number(const json_t *row, const char *name, char out[SCREEN_NUMBER_MAX])
{
	snprintf(out, SCREEN_NUMBER_MAX, "%" PRId64, (int64_t)json_integer_value(json_object_get(row, name)));
	return out;
}

int screen_json(const json_t *json, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;

	if (json_print(json, JSON_INDENT(2), &out, err) < 0)
		return err->code;
	return screen_write(&out, err);
}

int screen_table(const struct table *table, enum table_format format, struct err *err)
{
	struct table_style style = { .width = screen_width() };
	AUTO_STRBUF out = STRBUF_INIT;

	/* A log is read by people as well; scripts take tsv, csv or json, where nothing is cut. */
	if (!style.width)
		style.width = TABLE_WIDTH_PIPE;
	if (table_print(table, format, &style, &out, err) < 0)
		return err->code;
	return screen_write(&out, err);
}
