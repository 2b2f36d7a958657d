/*
 * enrolment.h: what an agent says to get a certificate, and what it is told (docs/protocol.md).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ENROL_SECRET_SIZE 32

/* A role of AWS instead of a token: who asks has signed a question to AWS that the collector sends on (aws/caller.h). */
struct aws_proof {
	const char *host;	   /* of the endpoint it is signed for; NULL = there is no proof */
	const char *date;	   /* X-Amz-Date */
	const char *session_token; /* X-Amz-Security-Token; NULL = none */
	const char *authorization;
};

/* Over a connection with a certificate it renews that one, and needs no token. */
struct enrol_request {
	const void *csr; /* PKCS #10, DER */
	size_t csr_size;
	int64_t tenant; /* of the token or the invitation; 0 = none */
	bool has_secret;
	uint8_t secret[ENROL_SECRET_SIZE]; /* of the token */
	const char *name;		   /* what people may call it */
	struct aws_proof aws;
};

enum enrol_kind { ENROL_GRANTED = 1, ENROL_REFUSED = 2, ENROL_LATER = 3 };

struct enrol_reply {
	enum enrol_kind kind;
	const char *reason; /* ENROL_REFUSED, ENROL_LATER */
	const char *chain;  /* ENROL_GRANTED: the certificate and its issuer, PEM */
	const char *trust;  /* roots, PEM */
	int64_t server_ns;
};
