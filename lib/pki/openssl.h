/*
 * openssl.h: what the files of this folder share of OpenSSL's ways. Inside lib/pki only.
 */
#pragma once

#include "base/err.h"

struct evp_pkey_st;
struct x509_st;
struct strbuf;

/* Sets ERR_FAILED with the text and OpenSSL's own reason, and empties its queue of errors. */
int openssl_failed(struct err *err, const char *text);
void openssl_forget(void);

/* Refuses every key that is not on P-256. Errors: ERR_SYNTAX. */
int key_check(const struct evp_pkey_st *pkey, struct err *err);

/* Appends a certificate as PEM. Errors: ERR_FAILED. */
int certificate_write(const struct x509_st *certificate, struct strbuf *out, struct err *err);

/* The first certificate of a PEM text; the caller frees. Errors: ERR_SYNTAX. */
int certificate_first(const char *pem, size_t length, struct x509_st **ret, struct err *err);
