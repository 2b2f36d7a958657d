/* What a stranger sends as proof of a role, what AWS or somebody in its place answers, and what else is read on the way. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aws/caller.h"
#include "aws/credentials.h"
#include "aws/identity.h"
#include "aws/role.h"
#include "aws/sigv4.h"

#define NOW   INT64_C(1440938160000000000) /* 20150830T123600Z */
#define PARTS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Nothing that is taken may end a line of the request that is sent on. */
static void as_proof(char *text)
{
	char *parts[PARTS] = { 0 };
	struct sts_endpoint endpoint;
	struct aws_proof proof;

	for (size_t i = 0; i < PARTS && text; i++) {
		char *end = strchr(text, '\n');

		parts[i] = text;
		if (end)
			*end++ = '\0';
		text = end;
	}
	proof = (struct aws_proof){ parts[0], parts[1], parts[2] && *parts[2] ? parts[2] : NULL, parts[3] };
	if (caller_check(&proof, NOW, &endpoint, NULL) < 0)
		return;
	for (size_t i = 0; i < PARTS; i++) {
		for (const char *c = parts[i]; c && *c; c++) {
			if (*c < 0x20 || *c > 0x7e)
				abort();
		}
	}
}

static void as_role(const char *text)
{
	struct aws_role role, back;
	char arn[AWS_ARN_MAX];

	if (aws_role_parse(text, &role, NULL) == 0 && aws_role_parse(aws_role_format(&role, arn), &back, NULL) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = malloc(size + 1);
	struct aws_credentials credentials;
	struct aws_identity identity;
	struct aws_role role;
	int64_t ns;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	caller_parse(200, text, size, "aws", &role, NULL);
	caller_parse(403, text, size, "aws", &role, NULL);
	aws_credentials_parse(text, size, &credentials, NULL);
	if (aws_identity_parse((const char *)data, size, &identity, NULL) == 0 &&
	    (strlen(identity.key_id) < 16 || strpbrk(identity.key_id, "\"\\ \n") ||
	     strpbrk(identity.role_arn, "\"\\ \n")))
		abort();
	sigv4_date_parse(text, &ns, NULL);
	as_role(text);
	as_proof(text);
	return 0;
}
