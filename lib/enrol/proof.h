/*
 * proof.h: what an agent in AWS shows instead of a token: a question to AWS, signed with the credentials of its role.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "model/enrolment.h"
#include "pki/key.h"
#include "pki/token.h"

/*
 * Signs for the region in AWS_REGION or AWS_DEFAULT_REGION, at now_ns by the collector's clock; AWS_USE_FIPS_ENDPOINT=true chooses
 * such an endpoint where there is one. Texts live in arena. Errors: ERR_NOT_FOUND without region or credentials, else as
 * aws_credentials_find() and caller_sign().
 */
int proof_make(const struct token *invitation, const struct key *key, int64_t now_ns, struct arena *arena,
	       struct aws_proof *ret, struct err *err);
