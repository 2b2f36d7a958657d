#include "yaml/check.h"

#include <string.h>

/* Length of the UTF-8 sequence at text, shortest form and no surrogate; 0 if it is none. */
static size_t sequence_length(const unsigned char *text, size_t left)
{
	size_t length = text[0] < 0x80	 ? 1
			: text[0] < 0xc2 ? 0
			: text[0] < 0xe0 ? 2
			: text[0] < 0xf0 ? 3
			: text[0] < 0xf5 ? 4
					 : 0;

	if (!length || length > left)
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

int yaml_check(const char *text, size_t length, struct yaml_place *ret_place, struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct yaml_place place = { 1, 1 };
	size_t taken;

	for (size_t i = 0; i < length; i += taken) {
		bool is_control = (bytes[i] < ' ' && !strchr("\t\n\r", bytes[i])) || bytes[i] == 0x7f || !bytes[i];

		taken = sequence_length(bytes + i, length - i);
		if (!taken || is_control) {
			*ret_place = place;
			return err_set(err, ERR_SYNTAX,
				       taken ? "control character 0x%02x" : "byte 0x%02x is not UTF-8", bytes[i]);
		}
		place.column += (int)taken;
		if (bytes[i] == '\n') {
			place.line++;
			place.column = 1;
		}
	}
	return 0;
}
