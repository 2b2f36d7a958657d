#include "yaml/check.h"

#include <string.h>

#include "base/utf8.h"

int yaml_check(const char *text, size_t length, struct yaml_place *ret_place, struct err *err)
{
	const unsigned char *bytes = (const unsigned char *)text;
	struct yaml_place place = { 1, 1 };
	size_t taken;

	for (size_t i = 0; i < length; i += taken) {
		bool is_plain = bytes[i] >= ' ' && bytes[i] < 0x7f;
		bool is_control = !is_plain &&
				  (bytes[i] == 0x7f || !bytes[i] || (bytes[i] < ' ' && !strchr("\t\n\r", bytes[i])));

		taken = is_plain ? 1 : utf8_character(text + i, length - i);
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
