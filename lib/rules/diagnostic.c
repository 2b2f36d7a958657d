#include "rules/diagnostic.h"

#include <string.h>

#include "text/escape.h"

#define SNIPPET_INDENT "    "

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
