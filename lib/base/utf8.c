#include "base/utf8.h"

#include <stdint.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the valid character at text, or 0: overlong forms, surrogates and NUL are not valid. */
static size_t character_length(const unsigned char *text, size_t left)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 1 }, { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };

	for (size_t extra = 0; extra < 4 && extra < left; extra++) {
		uint32_t code;

		if ((text[0] & forms[extra].mask) != forms[extra].lead)
			continue;
		code = text[0] & (unsigned char)~forms[extra].mask;
		for (size_t i = 1; i <= extra; i++) {
			if ((text[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (text[i] & 0x3f);
		}
		if (code < forms[extra].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return 0;
		return extra + 1;
	}
	return 0;
}

void utf8_add(struct strbuf *buf, const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t start = 0, at = 0;

	while (at < length) {
		size_t step = character_length(bytes + at, length - at);

		if (step) {
			at += step;
			continue;
		}
		strbuf_add(buf, text + start, at - start);
		strbuf_adds(buf, REPLACEMENT);
		start = ++at;
	}
	strbuf_add(buf, text + start, length - start);
}
