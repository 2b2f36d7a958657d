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

void escape_add(struct strbuf *buf, const char *text, size_t length)
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
			strbuf_adds(buf, "\\\\");
		else if (is_printable(code))
			strbuf_add(buf, bytes + i, (size_t)used);
		else
			strbuf_addf(buf, code < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned int)code);
		i += (size_t)used;
	}
}

void escape_adds(struct strbuf *buf, const char *text)
{
	if (text)
		escape_add(buf, text, strlen(text));
}

size_t text_width(const char *text)
{
	const utf8proc_uint8_t *cursor = (const utf8proc_uint8_t *)text;
	size_t width = 0;

	while (*cursor) {
		utf8proc_int32_t code;
		utf8proc_ssize_t used = utf8proc_iterate(cursor, -1, &code);

		if (used <= 0)
			break;
		width += (size_t)utf8proc_charwidth(code);
		cursor += used;
	}
	return width;
}
