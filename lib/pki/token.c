#include "pki/token.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define PREFIX	     "clw1-"
#define SECRET_CHARS (2 * TOKEN_SECRET_SIZE)
#define PIN_CHARS    (2 * TOKEN_PIN_SIZE)
#define CHECK_CHARS  8
#define REST_CHARS   (1 + SECRET_CHARS + 1 + PIN_CHARS + 1 + CHECK_CHARS) /* behind the tenant */

int token_new(int64_t tenant, const uint8_t pin[TOKEN_PIN_SIZE], struct token *ret, struct err *err)
{
	ret->tenant = tenant;
	memcpy(ret->pin, pin, TOKEN_PIN_SIZE);
	return random_bytes(ret->secret, TOKEN_SECRET_SIZE, err);
}

char *token_format(const struct token *token, char out[TOKEN_TEXT_MAX])
{
	char secret[SECRET_CHARS + 1], pin[PIN_CHARS + 1];
	int length = snprintf(out, TOKEN_TEXT_MAX, PREFIX "%" PRId64 "-%s-%s-", token->tenant,
			      hex_format(token->secret, TOKEN_SECRET_SIZE, secret),
			      hex_format(token->pin, TOKEN_PIN_SIZE, pin));

	snprintf(out + length, TOKEN_TEXT_MAX - (size_t)length, "%08" PRIx32, crc32c(out, (size_t)length));
	OPENSSL_cleanse(secret, sizeof(secret));
	return out;
}

/* "-" and chars hexadecimal digits at *at, which moves behind them. */
static bool take(const char **at, size_t chars, void *out)
{
	char part[SECRET_CHARS + 1];
	bool taken;

	if (**at != '-')
		return false;
	snprintf(part, chars + 1, "%s", *at + 1);
	taken = hex_parse(part, out, chars / 2, NULL) == 0;
	OPENSSL_cleanse(part, sizeof(part));
	*at += 1 + chars;
	return taken;
}

static bool parse(const char *text, struct token *ret, uint32_t *ret_check, size_t *ret_checked)
{
	const char *digits = text + strlen(PREFIX), *at = digits + strspn(digits, "0123456789");
	uint8_t check[CHECK_CHARS / 2];

	ret->tenant = 0;
	if (at == digits || at - digits > TOKEN_TENANT_MAX || *digits == '0' || strlen(at) != REST_CHARS)
		return false;
	for (const char *digit = digits; digit < at; digit++)
		ret->tenant = ret->tenant * 10 + (*digit - '0');
	if (!take(&at, SECRET_CHARS, ret->secret) || !take(&at, PIN_CHARS, ret->pin))
		return false;
	*ret_checked = (size_t)(at + 1 - text);
	if (!take(&at, CHECK_CHARS, check))
		return false;
	*ret_check = (uint32_t)check[0] << 24 | (uint32_t)check[1] << 16 | (uint32_t)check[2] << 8 | check[3];
	return true;
}

int token_parse(const char *text, struct token *ret, struct err *err)
{
	uint32_t check;
	size_t checked;

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return err_set(err, ERR_SYNTAX, "the enrolment token must begin with " PREFIX);
	if (!parse(text, ret, &check, &checked))
		return err_set(err, ERR_SYNTAX, "the enrolment token is not one: its length or a character is wrong");
	if (check != crc32c(text, checked))
		return err_set(err, ERR_SYNTAX, "the enrolment token is damaged: its checksum does not fit");
	return 0;
}

void token_digest(const uint8_t secret[TOKEN_SECRET_SIZE], uint8_t out[TOKEN_DIGEST_SIZE])
{
	SHA256(secret, TOKEN_SECRET_SIZE, out);
}
