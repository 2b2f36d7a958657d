/*
 * issue.h: makes certificates (X.509 version 3, P-256, SHA-256). Inside lib/pki only; authority.h decides who gets one.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "pki/identity.h"
#include "pki/key.h"

struct x509_st; /* OpenSSL's X509 */

enum issue_kind { ISSUE_ROOT, ISSUE_ISSUING, ISSUE_COLLECTOR, ISSUE_AGENT };

struct issue {
	enum issue_kind kind;
	const char *name;		 /* common name, for people */
	const struct identity *identity; /* NULL for authorities */
	const struct key *key;		 /* whose public half it certifies */
	const struct x509_st *issuer;	 /* NULL: itself */
	const struct key *issuer_key;
	int64_t not_before_ns, not_after_ns; /* the issuer's end is never passed */
};

/* The caller frees with X509_free. Errors: ERR_FAILED. */
int issue_certificate(const struct issue *issue, struct x509_st **ret, struct err *err);
