#include "agent/fim/line_diff.h"

#include <stdbool.h>
#include <string.h>

/* Length of the first line, with its end. */
static size_t line_length(const char *text)
{
	size_t length = strcspn(text, "\n");

	return text[length] ? length + 1 : length;
}

static size_t common_start(const char *before, const char *after)
{
	size_t common = 0;

	for (;;) {
		size_t length = line_length(before + common);

		if (!length || length != line_length(after + common) ||
		    memcmp(before + common, after + common, length) != 0)
			return common;
		common += length;
	}
}

/* Start of the last line of text[0..length), which begins at from or later. */
static size_t last_line(const char *text, size_t from, size_t length)
{
	size_t at = length - 1;

	while (at > from && text[at - 1] != '\n')
		at--;
	return at;
}

static void common_end(const char *before, const char *after, size_t start, size_t *before_length,
		       size_t *after_length)
{
	while (*before_length > start && *after_length > start) {
		size_t a = last_line(before, start, *before_length), b = last_line(after, start, *after_length);

		if (*before_length - a != *after_length - b || memcmp(before + a, after + b, *before_length - a) != 0)
			return;
		*before_length = a;
		*after_length = b;
	}
}

static bool add_lines(const char *text, size_t length, char sign, struct strbuf *out)
{
	for (size_t at = 0; at < length;) {
		size_t line = line_length(text + at);

		if (out->length + line + 2 > LINE_DIFF_MAX) {
			strbuf_adds(out, "...\n");
			return false;
		}
		strbuf_addc(out, sign);
		strbuf_add(out, text + at, line);
		if (text[at + line - 1] != '\n')
			strbuf_addc(out, '\n');
		at += line;
	}
	return true;
}

void line_diff(const char *before, const char *after, struct strbuf *out)
{
	size_t before_length = strlen(before), after_length = strlen(after), start = common_start(before, after);

	common_end(before, after, start, &before_length, &after_length);
	if (add_lines(before + start, before_length - start, '-', out))
		add_lines(after + start, after_length - start, '+', out);
}
