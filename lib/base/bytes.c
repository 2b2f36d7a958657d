#include "base/bytes.h"

#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#define CRC32C_POLYNOMIAL 0x82f63b78u /* reflected */

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

static uint32_t crc_table[256];

static void crc_table_fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ CRC32C_POLYNOMIAL : crc >> 1;
		crc_table[i] = crc;
	}
}

uint32_t crc32c(const void *data, size_t length)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const unsigned char *bytes = data;
	uint32_t crc = ~0u;

	pthread_once(&once, crc_table_fill);
	for (size_t i = 0; i < length; i++)
		crc = crc >> 8 ^ crc_table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

int random_bytes(void *out, size_t length, struct err *err)
{
	if (getrandom(out, length, 0) != (ssize_t)length)
		return err_errno(err, ERR_FAILED, "could not get %zu random bytes", length);
	return 0;
}
