#include "cloudrecord/frame.h"

#include <string.h>

size_t frame_blank(const char *text, size_t length, size_t at)
{
	while (at < length && (text[at] == ' ' || text[at] == '\n' || text[at] == '\r' || text[at] == '\t'))
		at++;
	return at;
}

/* at is behind the opening quote; gives the offset behind the closing one, or 0. */
static size_t string_end(const char *text, size_t length, size_t at)
{
	while (at < length) {
		if (text[at] == '"')
			return at + 1;
		at += text[at] == '\\' ? 2 : 1;
	}
	return 0;
}

static bool brackets_end(const char *text, size_t length, size_t at, size_t *ret_end)
{
	size_t depth = 0;

	while (at < length) {
		char c = text[at++];

		if (c == '"') {
			at = string_end(text, length, at);
			if (!at)
				return false;
		} else if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && --depth == 0) {
			*ret_end = at;
			return true;
		}
	}
	return false;
}

bool frame_value(const char *text, size_t length, size_t at, size_t *ret_end)
{
	size_t end;

	if (at >= length)
		return false;
	if (text[at] == '{' || text[at] == '[')
		return brackets_end(text, length, at, ret_end);
	if (text[at] == '"') {
		*ret_end = string_end(text, length, at + 1);
		return *ret_end != 0;
	}
	for (end = at + 1; end < length && !memchr(" \n\r\t,]}{[\"", text[end], 10); end++)
		;
	*ret_end = end;
	return true;
}
