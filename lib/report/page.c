#include "report/page.h"

#include <string.h>

#include "text/escape.h"

const char *page_glyph(const struct page *page, enum glyph glyph)
{
	static const char *const forms[][2] = {
#define X(id, unicode, ascii) { unicode, ascii },
		GLYPHS(X)
#undef X
	};

	return forms[glyph][page->style.ascii];
}

void page_tint(struct page *page, enum tint tint)
{
	static const char *const codes[] = {
#define X(id, sgr) sgr,
		TINTS(X)
#undef X
	};

	if (page->style.colour)
		strbuf_addf(page->out, "\x1b[%sm", codes[tint]);
}

void page_tinted(struct page *page, enum tint tint, const char *safe)
{
	if (tint != TINT_NONE)
		page_tint(page, tint);
	strbuf_adds(page->out, safe);
	if (tint != TINT_NONE)
		page_tint(page, TINT_NONE);
}

void page_head(struct page *page, const char *head, const char *safe_rest)
{
	strbuf_addc(page->out, '\n');
	page_tinted(page, TINT_HEAD, head);
	if (safe_rest && *safe_rest) {
		strbuf_addc(page->out, ' ');
		page_wrap(page, strlen(head) + 1, 2, safe_rest);
	} else {
		strbuf_addc(page->out, '\n');
	}
}

void page_escape(const struct page *page, struct strbuf *line, const char *text)
{
	if (page->style.ascii)
		escape_adds_ascii(line, text);
	else
		escape_adds(line, text);
}

void page_fit(const struct page *page, struct strbuf *line, const char *safe, size_t width)
{
	const char *cut = page_glyph(page, GLYPH_CUT);
	size_t whole = text_width(safe), used = 0, step, columns, room = width;

	if (whole > width)
		room = width > text_width(cut) ? width - text_width(cut) : 0;
	while ((step = text_step(safe, &columns)) > 0 && used + columns <= room) {
		strbuf_add(line, safe, step);
		used += columns;
		safe += step;
	}
	if (whole > width && room) {
		strbuf_adds(line, cut);
		used += text_width(cut);
	}
	strbuf_addf(line, "%*s", used < width ? (int)(width - used) : 0, "");
}

/* Columns of the word that text begins with, including the blanks before it; *ret_bytes gets its bytes. */
static size_t word_width(const char *text, size_t *ret_bytes)
{
	const char *start = text;
	size_t width = 0, columns, step;

	for (; *text == ' '; text++)
		width++;
	while (*text != ' ' && (step = text_step(text, &columns)) > 0) {
		width += columns;
		text += step;
	}
	*ret_bytes = (size_t)(text - start);
	return width;
}

void page_wrap(struct page *page, size_t at, size_t indent, const char *safe)
{
	bool line_begun = false;
	size_t bytes, width;

	while (*safe) {
		width = word_width(safe, &bytes);
		if (!bytes)
			break;
		if (at + width > page->style.width && (line_begun || at > indent)) {
			while (page->out->length && page->out->data[page->out->length - 1] == ' ')
				strbuf_truncate(page->out, page->out->length - 1);
			strbuf_addf(page->out, "\n%*s", (int)indent, "");
			at = indent;
			while (*safe == ' ') {
				safe++;
				bytes--;
				width--;
			}
		}
		strbuf_add(page->out, safe, bytes);
		safe += bytes;
		at += width;
		line_begun = true;
	}
	strbuf_addc(page->out, '\n');
}

enum glyph priority_glyph(int priority)
{
	if (priority < 0)
		return GLYPH_PLAIN;
	if (priority <= PRIORITY_CRITICAL)
		return GLYPH_CRITICAL;
	if (priority == PRIORITY_ERROR)
		return GLYPH_ERROR;
	return priority == PRIORITY_WARNING ? GLYPH_WARNING : GLYPH_NOTICE;
}

enum tint priority_tint(int priority)
{
	if (priority < 0)
		return TINT_NONE;
	if (priority <= PRIORITY_CRITICAL)
		return TINT_RED;
	if (priority == PRIORITY_ERROR)
		return TINT_ORANGE;
	return priority == PRIORITY_WARNING ? TINT_YELLOW : TINT_CYAN;
}
