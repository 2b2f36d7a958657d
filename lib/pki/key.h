/*
 * key.h: an EC key on P-256, or the public half of one.
 */
#pragma once

#include <stddef.h>

#include "base/attr.h"
#include "base/err.h"
#include "base/strbuf.h"

#define KEY_PEM_MAX    4096
#define KEY_DIGEST_MAX 65 /* hexadecimal SHA-256, with the NUL */

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

struct key {
	struct evp_pkey_st *pkey; /* NULL = none */
};

/* Makes a pair. Errors: ERR_FAILED. */
int key_new(struct key *ret, struct err *err);

/* Reads PEM (PKCS #8). Errors: ERR_SYNTAX, also for a key of another kind. */
int key_read(const char *pem, size_t length, struct key *ret, struct err *err);
int key_write(const struct key *key, struct strbuf *out, struct err *err); /* with the private half */

/* A file of mode 0600, written whole or not at all. Errors of reading name the path. */
int key_load(const char *path, struct key *ret, struct err *err);
int key_store(const struct key *key, const char *path, struct err *err);

/* SHA-256 of the public half (its SubjectPublicKeyInfo); returns out, "" on failure. */
char *key_digest(const struct key *key, char out[KEY_DIGEST_MAX]);

void key_fini(struct key *key); /* accepts a zeroed key */
#define AUTO_KEY CLEANUP(key_fini) struct key
