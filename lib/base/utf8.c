#include "base/utf8.h"

#include <stdbool.h>
#include <stdint.h>

#define REPLACEMENT "\xef\xbf\xbd"

size_t utf8_character(const char *bytes, size_t size)
{
	const uint8_t *text = (const uint8_t *)bytes;
	size_t length = text[0] < 0x80 ? 1 : text[0] < 0xc2 ? 0 : text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;

	if (text[0] > 0xf4 || length > size)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) ||
	    (text[0] == 0xf0 && text[1] < 0x90) || (text[0] == 0xf4 && text[1] > 0x8f))
		return 0;
	return length;
}

static bool is_ascii(char c)
{
	return (uint8_t)c < 0x80;
}

size_t utf8_prefix(const char *text, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t length = is_ascii(text[done]) ? 1 : utf8_character(text + done, size - done);

		if (!length)
			break;
		done += length;
	}
	return done;
}

void utf8_add(struct strbuf *buf, const char *text, size_t length)
{
	size_t start = 0, at = 0;

	while (at < length) {
		size_t step = !text[at] ? 0 : is_ascii(text[at]) ? 1 : utf8_character(text + at, length - at);

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
