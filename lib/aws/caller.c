#include "aws/caller.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "aws/sigv4.h"
#include "base/time.h"
#include "json/json.h"

#define SERVICE	       "sts"
#define HEADERS_MAX    5
#define DAY_CHARS      8
#define ACCESS_KEYS    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define TOKEN_CHARS    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=_-."
#define ERROR_NAME_MAX 64

char *caller_binding_format(const struct caller_binding *binding, char out[CALLER_BINDING_MAX])
{
	snprintf(out, CALLER_BINDING_MAX, "1 root=%s tenant=%" PRId64 " key=%s", binding->root, binding->tenant,
		 binding->key);
	return out;
}

/* In the order of their names. Returns how many. */
static size_t list_headers(const struct aws_proof *proof, const char *binding, struct sigv4_header out[HEADERS_MAX])
{
	size_t count = 0;

	out[count++] = (struct sigv4_header){ "content-type", CALLER_CONTENT_TYPE };
	out[count++] = (struct sigv4_header){ "host", proof->host };
	out[count++] = (struct sigv4_header){ "x-amz-date", proof->date };
	if (proof->session_token)
		out[count++] = (struct sigv4_header){ "x-amz-security-token", proof->session_token };
	out[count++] = (struct sigv4_header){ CALLER_BINDING_HEADER, binding };
	return count;
}

static struct sigv4_request request_of(const struct aws_proof *proof, const char *region,
				       const struct sigv4_header *headers, size_t count)
{
	return (struct sigv4_request){ .method = "POST",
				       .path = "/",
				       .query = "",
				       .headers = headers,
				       .header_count = count,
				       .body = CALLER_BODY,
				       .date = proof->date,
				       .region = region,
				       .service = SERVICE };
}

int caller_sign(const char *region, bool fips, const struct caller_binding *binding, int64_t now_ns,
		const struct aws_credentials *credentials, struct arena *arena, struct aws_proof *ret,
		struct err *err)
{
	char date[SIGV4_DATE_MAX], bound[CALLER_BINDING_MAX];
	struct sigv4_header headers[HEADERS_MAX];
	AUTO_STRBUF authorization = STRBUF_INIT;
	struct sigv4_request request;
	struct sts_endpoint endpoint;

	if (sts_endpoint(region, fips, &endpoint, err) < 0)
		return err ? err->code : ERR_USAGE;
	*ret = (struct aws_proof){ .host = arena_dup(arena, endpoint.host),
				   .date = arena_dup(arena, sigv4_date(now_ns, date)) };
	if (credentials->session_token[0])
		ret->session_token = arena_dup(arena, credentials->session_token);
	if (!ret->host || !ret->date || (credentials->session_token[0] && !ret->session_token))
		return err_set(err, ERR_MEMORY, "out of memory");
	request = request_of(ret, endpoint.region, headers,
			     list_headers(ret, caller_binding_format(binding, bound), headers));
	if (sigv4_authorization(&request, credentials->access_key, credentials->secret_key, &authorization, err) < 0)
		return err ? err->code : ERR_FAILED;
	ret->authorization = arena_dup(arena, authorization.data);
	return ret->authorization ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

static bool skip(const char **at, const char *word)
{
	size_t length = strlen(word);

	if (strncmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

/* The one form that caller_sign() writes; whatever AWS would also take is refused. */
static int check_authorization(const struct aws_proof *proof, const struct sts_endpoint *endpoint, struct err *err)
{
	struct sigv4_header headers[HEADERS_MAX];
	struct sigv4_request request = request_of(proof, endpoint->region, headers, list_headers(proof, "", headers));
	AUTO_STRBUF scope = STRBUF_INIT, names = STRBUF_INIT;
	const char *at = proof->authorization;
	size_t length;

	if (!skip(&at, "AWS4-HMAC-SHA256 Credential="))
		return err_set(err, ERR_DENIED, "the proof's signature is not AWS4-HMAC-SHA256");
	length = strspn(at, ACCESS_KEYS);
	if (!length || length >= AWS_KEY_MAX)
		return err_set(err, ERR_DENIED, "the proof names no access key");
	at += length;
	strbuf_addf(&scope, "/%.*s/%s/" SERVICE "/aws4_request, SignedHeaders=", DAY_CHARS, proof->date,
		    endpoint->region);
	if (!skip(&at, scope.data))
		return err_set(err, ERR_DENIED, "the proof is signed for another day, region or service than %s's",
			       endpoint->host);
	sigv4_signed_headers(&request, &names);
	if (!skip(&at, names.data) || !skip(&at, ", Signature="))
		return err_set(err, ERR_DENIED, "the proof must sign the headers %s, and no others", names.data);
	if (strlen(at) != SIGV4_SIGNATURE_MAX - 1 || strspn(at, "0123456789abcdef") != SIGV4_SIGNATURE_MAX - 1)
		return err_set(err, ERR_DENIED, "the proof's signature is not 64 hexadecimal digits");
	return 0;
}

static int check_date(const struct aws_proof *proof, int64_t now_ns, struct err *err)
{
	char text[TIME_TEXT_MAX];
	int64_t ns, late_ns;

	if (sigv4_date_parse(proof->date, &ns, err) < 0)
		return err_set(err, ERR_DENIED, "the proof's date is not written as 20150830T123600Z");
	late_ns = now_ns - ns;
	if (late_ns > CALLER_SLACK_NS || late_ns < -CALLER_SLACK_NS)
		return err_set(err, ERR_DENIED, "the proof was signed %s %s the collector's time; 15m are allowed",
			       duration_format(late_ns < 0 ? -late_ns : late_ns, text),
			       late_ns < 0 ? "after" : "before");
	return 0;
}

int caller_check(const struct aws_proof *proof, int64_t now_ns, struct sts_endpoint *ret, struct err *err)
{
	if (!proof->host || !proof->date || !proof->authorization)
		return err_set(err, ERR_DENIED, "the proof of a role lacks its host, date or signature");
	if (!sts_endpoint_find(proof->host, ret))
		return err_set(err, ERR_DENIED, "the proof is for a host that is no endpoint of STS");
	if (proof->session_token && (strlen(proof->session_token) >= AWS_SESSION_TOKEN_MAX ||
				     proof->session_token[strspn(proof->session_token, TOKEN_CHARS)]))
		return err_set(err, ERR_DENIED, "the proof's session token is none");
	if (check_date(proof, now_ns, err) < 0 || check_authorization(proof, ret, err) < 0)
		return err ? err->code : ERR_DENIED;
	return 0;
}

/* A word of AWS's own, such as SignatureDoesNotMatch; its sentence may repeat parts of the request and is not shown. */
static int refused(long status, const json_t *document, struct err *err)
{
	const char *name = json_text(json_object_get(document, "Error"), "Code");
	size_t length = name ? strlen(name) : 0;

	if (status == 429 || status >= 500 || (name && strcmp(name, "Throttling") == 0))
		return err_set(err, ERR_AGAIN, "AWS cannot say now who asks (status %ld)", status);
	if (!length || length > ERROR_NAME_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.") < length)
		return err_set(err, ERR_DENIED, "AWS refuses the proof (status %ld)", status);
	if (strcmp(name, "SignatureDoesNotMatch") == 0)
		return err_set(
			err, ERR_DENIED,
			"AWS refuses the proof (%s): it was made for another collector, tenant or key, or with "
			"keys that are not valid",
			name);
	return err_set(err, ERR_DENIED, "AWS refuses the proof (%s)", name);
}

int caller_parse(long status, const char *json, size_t length, const char *partition, struct aws_role *ret,
		 struct err *err)
{
	const char *arn, *account;
	AUTO_JSON document = NULL;
	const json_t *result;
	int code = json_parse("answer", json, length, &document, NULL);

	if (status != 200)
		return refused(status, document, err);
	result = code == 0 ? json_at(document, "GetCallerIdentityResponse", "GetCallerIdentityResult", NULL) : NULL;
	arn = json_text(result, "Arn");
	account = json_text(result, "Account");
	if (!arn || !account)
		return err_set(err, ERR_SYNTAX, "AWS's answer does not say who asks");
	if (aws_role_parse(arn, ret, NULL) < 0 || !ret->session[0])
		return err_set(err, ERR_DENIED,
			       "who signed the proof has no role: users and accounts are not enrolled");
	if (strcmp(ret->account, account) != 0 || strcmp(ret->partition, partition) != 0)
		return err_set(err, ERR_SYNTAX, "AWS's answer contradicts itself");
	return 0;
}
