#include "rules/diagnostic.h"

#include <string.h>

#include "text/escape.h"

#define SNIPPET_INDENT "    "

const char *diagnostic_line(const char *text, size_t length, int line, size_t *ret_length)
{
	const char *at = text, *end = text + length, *stop;

	for (int i = 1; i < line; i++) {
		at = memchr(at, '\n', (size_t)(end - at));
		if (!at)
			return NULL;
		at++;
	}
	stop = memchr(at, '\n', (size_t)(end - at));
	*ret_length = (size_t)((stop ? stop : end) - at);
	return at;
}

void diagnostic_format(const struct diagnostic *diagnostic, struct strbuf *out)
{
	size_t length = diagnostic->snippet ? strlen(diagnostic->snippet) : 0;
	size_t before = diagnostic->column > 0 ? (size_t)diagnostic->column - 1 : 0;
	size_t start;
	int width;

	escape_adds(out, diagnostic->file);
	strbuf_addf(out, ":%d:%d: %s: ", diagnostic->line, diagnostic->column,
		    diagnostic->is_error ? "error" : "warning");
	if (diagnostic->item) {
		escape_adds(out, diagnostic->item);
		strbuf_adds(out, ": ");
	}
	escape_adds(out, diagnostic->message);
	strbuf_addf(out, " [%s]\n", diagnostic->code);
	if (!diagnostic->snippet)
		return;
	if (before > length)
		before = length;
	strbuf_adds(out, SNIPPET_INDENT);
	start = out->length;
	escape_add(out, diagnostic->snippet, before);
	width = (int)text_width(out->data + start);
	escape_add(out, diagnostic->snippet + before, length - before);
	strbuf_addf(out, "\n" SNIPPET_INDENT "%*s^\n", width, "");
}
