#include "scanner/package/stanza.h"

#include <string.h>
#include <strings.h>

bool stanza_next(const char **text, struct stanza_line *ret)
{
	while (**text) {
		const char *line = *text, *end = strchrnul(line, '\n'), *colon;

		*text = *end ? end + 1 : end;
		if (end > line && end[-1] == '\r')
			end--;
		if (end == line) {
			*ret = (struct stanza_line){ .ends = true };
			return true;
		}
		colon = memchr(line, ':', (size_t)(end - line));
		if (!colon || *line == ' ' || *line == '\t')
			continue;
		*ret = (struct stanza_line){ .key = line, .key_length = (size_t)(colon - line) };
		for (colon++; colon < end && (*colon == ' ' || *colon == '\t'); colon++)
			;
		ret->value = colon;
		ret->value_length = (size_t)(end - colon);
		return true;
	}
	return false;
}

bool stanza_is(const struct stanza_line *line, const char *key)
{
	return strlen(key) == line->key_length && strncasecmp(line->key, key, line->key_length) == 0;
}
