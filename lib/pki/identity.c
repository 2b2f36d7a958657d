#include "pki/identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PREFIX	      "urn:clewline:"
#define TENANT_DIGITS 18 /* so many always fit an int64_t */
#define AGENT_CHARS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

bool identity_agent_valid(const char *text)
{
	size_t length = strlen(text);

	return length && length < IDENTITY_AGENT_MAX && strspn(text, AGENT_CHARS) == length;
}

/* Decimal without leading zeroes, so that an identity has one text. Returns its length, 0 if it is none. */
static size_t parse_tenant(const char *text, int64_t *ret)
{
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > TENANT_DIGITS || text[0] == '0')
		return 0;
	*ret = 0;
	for (size_t i = 0; i < digits; i++)
		*ret = *ret * 10 + (text[i] - '0');
	return digits;
}

int identity_parse(const char *text, size_t length, struct identity *ret, struct err *err)
{
	char copy[IDENTITY_TEXT_MAX];
	const char *rest = copy + strlen(PREFIX);
	size_t digits;

	*ret = (struct identity){ 0 };
	if (length >= sizeof(copy) || memchr(text, '\0', length))
		return err_set(err, ERR_SYNTAX, "an identity of %zu bytes cannot be one", length);
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (strcmp(copy, IDENTITY_COLLECTOR_URI) == 0) {
		ret->is_collector = true;
		return 0;
	}
	if (strncmp(copy, PREFIX, strlen(PREFIX)) != 0)
		return err_set(err, ERR_SYNTAX, "identity is \"%s\", but must begin with " PREFIX, copy);
	digits = parse_tenant(rest, &ret->tenant);
	if (!digits || rest[digits] != ':' || !identity_agent_valid(rest + digits + 1))
		return err_set(err, ERR_SYNTAX, "identity is \"%s\", but must be " PREFIX "TENANT:AGENT", copy);
	strcpy(ret->agent, rest + digits + 1);
	return 0;
}

char *identity_format(const struct identity *identity, char out[IDENTITY_TEXT_MAX])
{
	if (identity->is_collector)
		snprintf(out, IDENTITY_TEXT_MAX, "%s", IDENTITY_COLLECTOR_URI);
	else
		snprintf(out, IDENTITY_TEXT_MAX, PREFIX "%" PRId64 ":%s", identity->tenant, identity->agent);
	return out;
}
