/*
 * identity.h: whose credentials a container has: the role and the id of its access key, and never the secret key or the token.
 *
 * Only these members of the answer are looked at; what comes from the network lies in one buffer on the stack, which is wiped. So
 * neither the HTTP client nor the JSON library is used here: both leave what they have read in memory that they give back.
 * Source: Amazon ECS Developer Guide, "Task IAM role"; EKS User Guide, "Pod Identity".
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "aws/container.h"
#include "base/err.h"

#define AWS_ROLE_ARN_MAX    512 /* with its NUL, as the next one */
#define AWS_KEY_ID_MAX	    129
#define IDENTITY_ANSWER_MAX (32u << 10)
#define IDENTITY_URL_PORT   "80"

struct aws_identity {
	char role_arn[AWS_ROLE_ARN_MAX]; /* "" = not said */
	char key_id[AWS_KEY_ID_MAX];
	int64_t expires_ns; /* since 1970 UTC; 0 = not said */
};

/* Reads the endpoint's answer (JSON). Errors: ERR_SYNTAX without a key id that is one; none repeats what was read. */
int aws_identity_parse(const char *json, size_t length, struct aws_identity *ret, struct err *err);

/*
 * Asks the endpoint, in timeout_ns at the most. Errors: ERR_UNREACHABLE, ERR_LIMIT, ERR_FAILED (a status other than 200), ERR_SYNTAX.
 */
int aws_identity_ask(const struct container_source *source, int64_t timeout_ns, struct aws_identity *ret,
		     struct err *err);
