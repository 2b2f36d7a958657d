/*
 * sts.h: asks AWS who signed a proof (aws/caller.h): the only thing that a collector sends to AWS.
 */
#pragma once

#include <stdint.h>

#include "aws/caller.h"
#include "base/err.h"

#define STS_TIMEOUT_NS (5 * INT64_C(1000000000))
#define STS_ANSWER_MAX (64u << 10)
#define STS_ASKS_MAX   4 /* at once; workers that wait for AWS are missing for alerts */

struct sts;

/* Both are copied; NULL = as AWS has it. */
struct sts_conf {
	const char *address;	/* HOST:PORT to connect to for every endpoint: an interface endpoint in a VPC */
	const char *trust_file; /* roots (PEM) that its certificate is checked with */
};

int sts_new(const struct sts_conf *conf, struct sts **ret, struct err *err);
void sts_free(struct sts *sts); /* accepts NULL */

/*
 * Checks a proof, sends it on with the binding, and reads the answer. from: whose request it is (struct peer's address).
 * Errors: ERR_DENIED with the reason; ERR_AGAIN when too much is asked, here or at AWS; ERR_UNREACHABLE, ERR_SYNTAX.
 */
int sts_identify(struct sts *sts, const char *from, const struct aws_proof *proof,
		 const struct caller_binding *binding, int64_t now_ns, struct aws_role *ret, struct err *err);
