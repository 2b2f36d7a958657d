#include "enrol/proof.h"

#include <stdlib.h>
#include <strings.h>

#include "aws/caller.h"
#include "aws/credentials.h"
#include "base/bytes.h"

static const char *region_of_environment(void)
{
	const char *region = getenv("AWS_REGION");

	return region && *region ? region : getenv("AWS_DEFAULT_REGION");
}

int proof_make(const struct token *invitation, const struct key *key, int64_t now_ns, struct arena *arena,
	       struct aws_proof *ret, struct err *err)
{
	const char *region = region_of_environment(), *fips = getenv("AWS_USE_FIPS_ENDPOINT");
	char root[2 * TOKEN_PIN_SIZE + 1], digest[KEY_DIGEST_MAX];
	struct caller_binding binding = { .root = root, .tenant = invitation->tenant, .key = digest };
	struct aws_credentials credentials;
	int code;

	if (!region || !*region)
		return err_set(err, ERR_NOT_FOUND, "AWS_REGION does not say which region of AWS to ask");
	hex_format(invitation->pin, TOKEN_PIN_SIZE, root);
	if (!*key_digest(key, digest))
		return err_set(err, ERR_FAILED, "could not take the digest of the agent's key");
	code = aws_credentials_find(&credentials, err);
	if (code == 0)
		code = caller_sign(region, fips && strcasecmp(fips, "true") == 0, &binding, now_ns, &credentials,
				   arena, ret, err);
	aws_credentials_wipe(&credentials);
	return code < 0 ? err_wrap(err, "could not prove the role of AWS") : 0;
}
