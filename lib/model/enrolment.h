/*
 * enrolment.h: what an agent says to get a certificate, and what it is told (docs/protocol.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENROL_SECRET_SIZE 32

/* Over a connection with a certificate it renews that one, and needs no token. */
struct enrol_request {
	const void *csr; /* PKCS #10, DER */
	size_t csr_size;
	int64_t tenant; /* of the token; 0 = none */
	bool has_secret;
	uint8_t secret[ENROL_SECRET_SIZE]; /* of the token */
	const char *name;		   /* what people may call it */
};

enum enrol_kind { ENROL_GRANTED = 1, ENROL_REFUSED = 2, ENROL_LATER = 3 };

struct enrol_reply {
	enum enrol_kind kind;
	const char *reason; /* ENROL_REFUSED, ENROL_LATER */
	const char *chain;  /* ENROL_GRANTED: the certificate and its issuer, PEM */
	const char *trust;  /* roots, PEM */
	int64_t server_ns;
};
