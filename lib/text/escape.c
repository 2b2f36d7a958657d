#include "text/escape.h"

#include <string.h>
#include <utf8proc.h>

static bool is_printable(utf8proc_int32_t code)
{
	switch (utf8proc_category(code)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return true;
	}
}

static void add_escaped(struct strbuf *buf, const char *text, size_t length, const char *backslash)
{
	const utf8proc_uint8_t *bytes = (const utf8proc_uint8_t *)text;

	for (size_t i = 0; i < length;) {
		utf8proc_int32_t code;
		utf8proc_ssize_t used = utf8proc_iterate(bytes + i, (utf8proc_ssize_t)(length - i), &code);

		if (used <= 0) {
			strbuf_addf(buf, "\\x%02x", bytes[i++]);
			continue;
		}
		if (code == '\\')
			strbuf_adds(buf, backslash);
		else if (is_printable(code))
			strbuf_add(buf, bytes + i, (size_t)used);
		else
			strbuf_addf(buf, code < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned int)code);
		i += (size_t)used;
	}
}

void escape_add(struct strbuf *buf, const char *text, size_t length)
{
	add_escaped(buf, text, length, "\\\\");
}

void escape_adds(struct strbuf *buf, const char *text)
{
	if (text)
		escape_add(buf, text, strlen(text));
}

void escape_adds_message(struct strbuf *buf, const char *text)
{
	add_escaped(buf, text, strlen(text), "\\");
}

void escape_adds_ascii(struct strbuf *buf, const char *text)
{
	AUTO_STRBUF safe = STRBUF_INIT;
	utf8proc_int32_t code;

	escape_adds(&safe, text);
	for (size_t i = 0; i < safe.length;) {
		utf8proc_ssize_t used = utf8proc_iterate((utf8proc_uint8_t *)safe.data + i, -1, &code);

		if (used <= 0)
			return;
		if (code < 0x80)
			strbuf_addc(buf, (char)code);
		else
			strbuf_addf(buf, "\\u%04x", (unsigned int)code);
		i += (size_t)used;
	}
}

size_t text_step(const char *text, size_t *ret_width)
{
	utf8proc_int32_t code;
	utf8proc_ssize_t used = *text ? utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &code) : 0;

	*ret_width = used > 0 ? (size_t)utf8proc_charwidth(code) : 0;
	return used > 0 ? (size_t)used : 0;
}

size_t text_width(const char *text)
{
	size_t width = 0, step, columns;

	while ((step = text_step(text, &columns)) > 0) {
		width += columns;
		text += step;
	}
	return width;
}
