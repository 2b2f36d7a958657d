#include "base/bytes.h"

#include <string.h>
#include <sys/random.h>

char *hex_format(const void *data, size_t length, char *out)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * length] = '\0';
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hex_parse(const char *text, void *out, size_t length, struct err *err)
{
	unsigned char *bytes = out;

	if (strlen(text) != 2 * length)
		return err_set(err, ERR_SYNTAX, "\"%.80s\" must be %zu hexadecimal digits", text, 2 * length);
	for (size_t i = 0; i < length; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return err_set(err, ERR_SYNTAX, "\"%.80s\" is not hexadecimal", text);
		bytes[i] = (unsigned char)(high << 4 | low);
	}
	return 0;
}

int random_bytes(void *out, size_t length, struct err *err)
{
	if (getrandom(out, length, 0) != (ssize_t)length)
		return err_errno(err, ERR_FAILED, "could not get %zu random bytes", length);
	return 0;
}
