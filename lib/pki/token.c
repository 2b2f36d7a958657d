#include "pki/token.h"

#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"
#include "base/crc32c.h"

#define SECRET_CHARS (2 * TOKEN_SECRET_SIZE)
#define PIN_CHARS    (2 * TOKEN_PIN_SIZE)
#define CHECK_CHARS  8

struct form {
	const char *prefix, *name;
	bool has_secret;
};
static const struct form token_form = { "clw1-", "enrolment token", true };
static const struct form invitation_form = { "clw1i-", "invitation", false };

int token_new(int64_t tenant, const uint8_t pin[TOKEN_PIN_SIZE], struct token *ret, struct err *err)
{
	ret->tenant = tenant;
	memcpy(ret->pin, pin, TOKEN_PIN_SIZE);
	return random_bytes(ret->secret, TOKEN_SECRET_SIZE, err);
}

static char *format(const struct token *token, const struct form *form, char out[TOKEN_TEXT_MAX])
{
	char secret[SECRET_CHARS + 1] = "", pin[PIN_CHARS + 1];
	int length;

	if (form->has_secret)
		hex_format(token->secret, TOKEN_SECRET_SIZE, secret);
	length = snprintf(out, TOKEN_TEXT_MAX, "%s%" PRId64 "-%s%s%s-", form->prefix, token->tenant, secret,
			  form->has_secret ? "-" : "", hex_format(token->pin, TOKEN_PIN_SIZE, pin));
	snprintf(out + length, TOKEN_TEXT_MAX - (size_t)length, "%08" PRIx32, crc32c(out, (size_t)length));
	OPENSSL_cleanse(secret, sizeof(secret));
	return out;
}

char *token_format(const struct token *token, char out[TOKEN_TEXT_MAX])
{
	return format(token, &token_form, out);
}

char *invitation_format(const struct token *token, char out[TOKEN_TEXT_MAX])
{
	return format(token, &invitation_form, out);
}

/* "-" and chars hexadecimal digits, as they are written, at *at, which moves behind them. */
static bool take(const char **at, size_t chars, void *out)
{
	char part[SECRET_CHARS + 1];
	bool taken;

	if (**at != '-')
		return false;
	snprintf(part, chars + 1, "%s", *at + 1);
	taken = strspn(part, "0123456789abcdef") == chars && hex_parse(part, out, chars / 2, NULL) == 0;
	OPENSSL_cleanse(part, sizeof(part));
	*at += 1 + chars;
	return taken;
}

static bool parse(const char *text, const struct form *form, struct token *ret, uint32_t *ret_check,
		  size_t *ret_checked)
{
	const char *digits = text + strlen(form->prefix), *at = digits + strspn(digits, "0123456789");
	size_t rest = (form->has_secret ? 1 + SECRET_CHARS : 0) + 1 + PIN_CHARS + 1 + CHECK_CHARS;
	uint8_t check[CHECK_CHARS / 2];

	ret->tenant = 0;
	if (at == digits || at - digits > TOKEN_TENANT_MAX || *digits == '0' || strlen(at) != rest)
		return false;
	for (const char *digit = digits; digit < at; digit++)
		ret->tenant = ret->tenant * 10 + (*digit - '0');
	if ((form->has_secret && !take(&at, SECRET_CHARS, ret->secret)) || !take(&at, PIN_CHARS, ret->pin))
		return false;
	*ret_checked = (size_t)(at + 1 - text);
	if (!take(&at, CHECK_CHARS, check))
		return false;
	*ret_check = (uint32_t)check[0] << 24 | (uint32_t)check[1] << 16 | (uint32_t)check[2] << 8 | check[3];
	return true;
}

static int parse_form(const char *text, const struct form *form, struct token *ret, struct err *err)
{
	uint32_t check;
	size_t checked;

	if (strncmp(text, form->prefix, strlen(form->prefix)) != 0)
		return err_set(err, ERR_SYNTAX, "the %s must begin with %s", form->name, form->prefix);
	if (!parse(text, form, ret, &check, &checked))
		return err_set(err, ERR_SYNTAX, "the %s is not one: its length or a character is wrong", form->name);
	if (check != crc32c(text, checked))
		return err_set(err, ERR_SYNTAX, "the %s is damaged: its checksum does not fit", form->name);
	return 0;
}

int token_parse(const char *text, struct token *ret, struct err *err)
{
	return parse_form(text, &token_form, ret, err);
}

int invitation_parse(const char *text, struct token *ret, struct err *err)
{
	return parse_form(text, &invitation_form, ret, err);
}

void token_digest(const uint8_t secret[TOKEN_SECRET_SIZE], uint8_t out[TOKEN_DIGEST_SIZE])
{
	SHA256(secret, TOKEN_SECRET_SIZE, out);
}
