#include "pki/token.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/bytes.h"

#define PREFIX	    "clw1-"
#define SECRET_AT   (sizeof(PREFIX) - 1)
#define PIN_AT	    (SECRET_AT + 2 * TOKEN_SECRET_SIZE + 1)
#define CHECK_AT    (PIN_AT + 2 * TOKEN_PIN_SIZE + 1)
#define TEXT_LENGTH (TOKEN_TEXT_MAX - 1)

static uint32_t check_of(const struct token *token)
{
	uint8_t both[TOKEN_SECRET_SIZE + TOKEN_PIN_SIZE];

	memcpy(both, token->secret, TOKEN_SECRET_SIZE);
	memcpy(both + TOKEN_SECRET_SIZE, token->pin, TOKEN_PIN_SIZE);
	return crc32c(both, sizeof(both));
}

int token_new(const uint8_t pin[TOKEN_PIN_SIZE], struct token *ret, struct err *err)
{
	memcpy(ret->pin, pin, TOKEN_PIN_SIZE);
	return random_bytes(ret->secret, TOKEN_SECRET_SIZE, err);
}

char *token_format(const struct token *token, char out[TOKEN_TEXT_MAX])
{
	char secret[2 * TOKEN_SECRET_SIZE + 1], pin[2 * TOKEN_PIN_SIZE + 1];

	snprintf(out, TOKEN_TEXT_MAX, PREFIX "%s-%s-%08x", hex_format(token->secret, TOKEN_SECRET_SIZE, secret),
		 hex_format(token->pin, TOKEN_PIN_SIZE, pin), check_of(token));
	return out;
}

static int parse_part(const char *text, size_t at, size_t size, void *out)
{
	char part[2 * TOKEN_SECRET_SIZE + 1];

	snprintf(part, 2 * size + 1, "%s", text + at);
	return hex_parse(part, out, size, NULL);
}

int token_parse(const char *text, struct token *ret, struct err *err)
{
	uint8_t check[4];
	uint32_t wanted;

	if (strncmp(text, PREFIX, strlen(PREFIX)) != 0)
		return err_set(err, ERR_SYNTAX, "the enrolment token must begin with " PREFIX);
	if (strlen(text) != TEXT_LENGTH)
		return err_set(err, ERR_SYNTAX, "the enrolment token has %zu characters, but must have %d",
			       strlen(text), (int)TEXT_LENGTH);
	if (text[PIN_AT - 1] != '-' || text[CHECK_AT - 1] != '-' ||
	    parse_part(text, SECRET_AT, TOKEN_SECRET_SIZE, ret->secret) < 0 ||
	    parse_part(text, PIN_AT, TOKEN_PIN_SIZE, ret->pin) < 0 ||
	    parse_part(text, CHECK_AT, sizeof(check), check) < 0)
		return err_set(err, ERR_SYNTAX, "the enrolment token is not one: a character in it is wrong");
	wanted = (uint32_t)check[0] << 24 | (uint32_t)check[1] << 16 | (uint32_t)check[2] << 8 | check[3];
	if (wanted != check_of(ret))
		return err_set(err, ERR_SYNTAX, "the enrolment token is damaged: its checksum does not fit");
	return 0;
}

void token_digest(const uint8_t secret[TOKEN_SECRET_SIZE], uint8_t out[TOKEN_DIGEST_SIZE])
{
	SHA256(secret, TOKEN_SECRET_SIZE, out);
}
