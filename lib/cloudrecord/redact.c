#include "cloudrecord/redact.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/attr.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "json/json.h"

/* names of members, any case, whose text is a secret wherever it stands */
static const char *const secrets[] = {
	"accessToken",	    "adminPassword",	    "authenticationToken", "authorizationToken", "authParameterValue",
	"authToken",	    "clientSecret",	    "credentialSecret",	   "federationToken",	 "idToken",
	"keyMaterial",	    "masterPassword",	    "masterUserPassword",  "newPassword",	 "oldPassword",
	"password",	    "passwordData",	    "plaintext",	   "plaintextKey",	 "preSharedKey",
	"previousPassword", "privateKey",	    "privateKeyPlaintext", "proposedPassword",	 "refreshToken",
	"SAMLAssertion",    "secretAccessKey",	    "secretBinary",	   "secretHash",	 "secretKey",
	"secretString",	    "securityToken",	    "sessionToken",	   "signinToken",	 "tokenValue",
	"webIdentityToken", "x-amz-security-token", "X-Amz-Signature",
};

/* parts of an environment variable's name, any case, that make its value a secret */
static const char *const variable_parts[] = { "PASSWORD",   "PASSWD",	    "SECRET",		"TOKEN",
					      "CREDENTIAL", "PRIVATE_KEY",  "API_KEY",		"APIKEY",
					      "ACCESS_KEY", "DATABASE_URL", "CONNECTION_STRING" };

static bool is_secret(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		if (strcasecmp(name, secrets[i]) == 0)
			return true;
	}
	return false;
}

static bool is_secret_variable(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(variable_parts); i++) {
		if (strcasestr(name, variable_parts[i]))
			return true;
	}
	return false;
}

static size_t hide(json_t *text)
{
	if (!json_is_string(text) || json_string_length(text) == 0)
		return 0;
	json_string_set(text, REDACTED);
	return 1;
}

static void replace_nul(json_t *text)
{
	AUTO_STRBUF clean = STRBUF_INIT;
	const char *value = json_string_value(text);
	size_t length = json_string_length(text);

	if (strlen(value) == length)
		return;
	utf8_add(&clean, value, length);
	json_string_setn(text, clean.data, clean.length);
}

/* ECS, CodeBuild and others write variables as {"name": ..., "value": ...} in an array called environment... */
static size_t redact_variables(json_t *array)
{
	size_t index, count = 0;
	json_t *item;

	json_array_foreach (array, index, item) {
		if (is_secret_variable(json_text(item, "name")))
			count += hide(json_object_get(item, "value"));
	}
	return count;
}

static size_t redact_member(const char *name, json_t *value)
{
	size_t count = is_secret(name) ? hide(value) : 0;

	if (strncasecmp(name, "environment", strlen("environment")) == 0)
		count += redact_variables(value);
	return count;
}

/* Depth is bounded by the parser (JSON_PARSER_MAX_DEPTH of jansson). */
size_t redact(json_t *json)
{
	size_t index, count = 0;
	const char *name;
	json_t *value;

	if (json_is_string(json))
		replace_nul(json);
	json_array_foreach (json, index, value) {
		count += redact(value);
	}
	json_object_foreach (json, name, value) {
		count += redact_member(name, value);
		count += redact(value);
	}
	return count;
}
