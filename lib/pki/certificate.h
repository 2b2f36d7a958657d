/*
 * certificate.h: what a certificate says.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "pki/identity.h"
#include "pki/key.h"

#define CERTIFICATE_SERIAL_MAX 48	   /* hexadecimal, with the NUL */
#define CERTIFICATE_PEM_MAX    (64u << 10) /* a chain, or a bundle of roots */
#define CERTIFICATE_PIN_SIZE   32

struct x509_st; /* OpenSSL's X509 */

struct certificate {
	char serial[CERTIFICATE_SERIAL_MAX];
	int64_t not_before_ns, not_after_ns;
	bool has_identity;
	struct identity identity;
	char key_digest[KEY_DIGEST_MAX];
};

/* Reads the first certificate of a PEM text. Errors: ERR_SYNTAX. */
int certificate_read(const char *pem, size_t length, struct certificate *ret, struct err *err);

/* The same of a parsed one; a certificate that names no identity, or two, has none. */
int certificate_describe(const struct x509_st *x509, struct certificate *ret, struct err *err);

/* SHA-256 of the first certificate's DER form. Errors: ERR_SYNTAX. */
int certificate_pin(const char *pem, size_t length, uint8_t out[CERTIFICATE_PIN_SIZE], struct err *err);

/* First 8 bytes of the SHA-256 of a bundle of roots: tells two of them apart. 0 never stands for one. */
uint64_t certificate_bundle_digest(const char *pem, size_t length);
