/*
 * caller.h: proof of which role of AWS somebody has: a request for sts:GetCallerIdentity that he signs and another one sends.
 *
 * What travels is only what the signer chose (struct aws_proof); method, path, body and the binding are known to both ends, and
 * the sender writes them himself. The binding is a signed header that names the collector, the tenant and the key that is to be
 * certified: a proof that was made for others does not pass AWS's own check of the signature.
 */
#pragma once

#include <stdint.h>

#include "aws/credentials.h"
#include "aws/endpoint.h"
#include "aws/role.h"
#include "base/arena.h"
#include "base/err.h"
#include "model/enrolment.h"

#define CALLER_CONTENT_TYPE   "application/x-www-form-urlencoded; charset=utf-8"
#define CALLER_BODY	      "Action=GetCallerIdentity&Version=2011-06-15"
#define CALLER_BINDING_HEADER "x-clewline-enrolment"
#define CALLER_BINDING_MAX    192
#define CALLER_SLACK_NS	      (15 * 60 * INT64_C(1000000000)) /* a proof's age, and how far it may be in the future */

/* Whom a proof is for. Texts are hexadecimal SHA-256. */
struct caller_binding {
	const char *root; /* of the collector's root certificate */
	int64_t tenant;
	const char *key; /* of the key that asks for a certificate (key_digest()) */
};

/* Writes the value of the binding header; returns out. */
char *caller_binding_format(const struct caller_binding *binding, char out[CALLER_BINDING_MAX]);

/* Signs a proof for the region's endpoint; its texts live in arena. Errors: ERR_USAGE for the region, ERR_MEMORY, ERR_FAILED. */
int caller_sign(const char *region, bool fips, const struct caller_binding *binding, int64_t now_ns,
		const struct aws_credentials *credentials, struct arena *arena, struct aws_proof *ret,
		struct err *err);

/*
 * Whether a proof is one that may be sent on: a known endpoint over which nothing but this question can be asked, signed for it
 * now, with the binding among what is signed. Errors: ERR_DENIED with the reason; it repeats no secret.
 */
int caller_check(const struct aws_proof *proof, int64_t now_ns, struct sts_endpoint *ret, struct err *err);

/*
 * Reads AWS's answer (JSON) with its HTTP status. Errors: ERR_DENIED when AWS refuses, or the caller is no session of a role;
 * ERR_AGAIN when AWS asks to wait or fails; ERR_SYNTAX for an answer that is none.
 */
int caller_parse(long status, const char *json, size_t length, const char *partition, struct aws_role *ret,
		 struct err *err);
