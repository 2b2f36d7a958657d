/*
 * token.h: the texts that let an agent enrol: a token holds a secret, and whom to trust when it is shown.
 *
 * "clw1-" TENANT "-" SECRET "-" PIN "-" CHECK: a decimal number, then in hexadecimal 32 random bytes, the SHA-256 of the
 * collector's root certificate (DER), and the CRC-32C of all the text before it, which notices one that was copied in part.
 *
 * An invitation, "clw1i-" TENANT "-" PIN "-" CHECK, is the same without a secret, for agents that prove in another way who they
 * are: anybody may read it.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define TOKEN_SECRET_SIZE 32
#define TOKEN_PIN_SIZE	  32
#define TOKEN_TENANT_MAX  18 /* digits */
#define TOKEN_TEXT_MAX	  (5 + TOKEN_TENANT_MAX + 1 + 2 * TOKEN_SECRET_SIZE + 1 + 2 * TOKEN_PIN_SIZE + 1 + 8 + 1)
#define TOKEN_DIGEST_SIZE 32

struct token {
	int64_t tenant; /* from 1 */
	uint8_t secret[TOKEN_SECRET_SIZE];
	uint8_t pin[TOKEN_PIN_SIZE];
};

/* A new secret. Errors: ERR_FAILED. */
int token_new(int64_t tenant, const uint8_t pin[TOKEN_PIN_SIZE], struct token *ret, struct err *err);

char *token_format(const struct token *token, char out[TOKEN_TEXT_MAX]);

/* The message never repeats the text. Errors: ERR_SYNTAX. */
int token_parse(const char *text, struct token *ret, struct err *err);

/* The same for an invitation, which leaves the secret alone. */
char *invitation_format(const struct token *token, char out[TOKEN_TEXT_MAX]);
int invitation_parse(const char *text, struct token *ret, struct err *err);

/* What the collector keeps of a secret: its SHA-256. */
void token_digest(const uint8_t secret[TOKEN_SECRET_SIZE], uint8_t out[TOKEN_DIGEST_SIZE]);
