#include "aws/credentials.h"

#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "aws/container.h"
#include "aws/fetch.h"
#include "base/time.h"
#include "json/json.h"

#define FETCH_TIMEOUT_NS (5 * NS_PER_S)
#define KEY_CHARS	 "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-."

/* Only what can stand in a header; what is not there is "". */
static bool take(const char *text, char *out, size_t size)
{
	size_t length = text ? strlen(text) : 0;

	if (length >= size || (text && strspn(text, KEY_CHARS) < length))
		return false;
	memcpy(out, text ? text : "", length + 1);
	return true;
}

static int take_all(const char *access_key, const char *secret_key, const char *session_token,
		    struct aws_credentials *ret, struct err *err)
{
	if (!take(access_key, ret->access_key, sizeof(ret->access_key)) || !ret->access_key[0])
		return err_set(err, ERR_SYNTAX, "they have no access key that is one");
	if (!take(secret_key, ret->secret_key, sizeof(ret->secret_key)) || !ret->secret_key[0])
		return err_set(err, ERR_SYNTAX, "they have no secret key that is one");
	if (!take(session_token, ret->session_token, sizeof(ret->session_token)))
		return err_set(err, ERR_SYNTAX, "they have a session token that is none");
	return 0;
}

int aws_credentials_parse(const char *json, size_t length, struct aws_credentials *ret, struct err *err)
{
	AUTO_JSON document = NULL;

	/* the parser's own message would repeat what it met */
	if (json_parse("credentials", json, length, &document, NULL) < 0)
		return err_set(err, ERR_SYNTAX, "they are no JSON");
	return take_all(json_text(document, "AccessKeyId"), json_text(document, "SecretAccessKey"),
			json_text(document, "Token"), ret, err);
}

static int ask_container(struct aws_credentials *ret, struct err *err)
{
	struct container_source source = { 0 };
	AUTO_STRBUF body = STRBUF_INIT;
	int code = container_source_find(&source, err);

	if (code == 0 && !source.url.length)
		code = err_set(
			err, ERR_NOT_FOUND,
			"there are no credentials of AWS: neither AWS_ACCESS_KEY_ID nor the variables of a task "
			"with a role are set");
	if (code == 0)
		code = fetch_get(source.url.data, source.authorization.length ? source.authorization.data : NULL,
				 FETCH_TIMEOUT_NS, &body, err);
	if (code == 0) {
		code = aws_credentials_parse(body.data, body.length, ret, err);
		if (code < 0)
			err_wrap(err, "cannot use the credentials of \"%s\"", source.url.data);
	}
	if (body.size)
		OPENSSL_cleanse(body.data, body.size);
	container_source_fini(&source);
	return code;
}

int aws_credentials_find(struct aws_credentials *ret, struct err *err)
{
	const char *access_key = getenv("AWS_ACCESS_KEY_ID");
	int code;

	memset(ret, 0, sizeof(*ret));
	if (!access_key || !*access_key)
		return ask_container(ret, err);
	code = take_all(access_key, getenv("AWS_SECRET_ACCESS_KEY"), getenv("AWS_SESSION_TOKEN"), ret, err);
	return code < 0 ? err_wrap(err, "cannot use the credentials in the environment") : 0;
}

void aws_credentials_wipe(struct aws_credentials *credentials)
{
	OPENSSL_cleanse(credentials, sizeof(*credentials));
}
