/*
 * request.h: a certificate signing request (PKCS #10, DER): a public key, and the proof that its owner asks.
 *
 * It carries no name that anybody would believe: the collector decides whose certificate it becomes.
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "pki/key.h"

#define REQUEST_SIZE_MAX 4096

/* Appends a request for the key. Errors: ERR_FAILED. */
int request_make(const struct key *key, struct strbuf *out, struct err *err);

/* Checks size, form, kind of key and signature; *ret is the public key. Errors: ERR_SYNTAX, ERR_LIMIT. */
int request_check(const void *der, size_t length, struct key *ret, struct err *err);
