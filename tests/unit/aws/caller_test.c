/* Proofs of a role: one that is right, and each way in which one can be wrong. */
#include "aws/caller.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/time.h"

#define NOW INT64_C(1440938160000000000) /* 20150830T123600Z */

static const struct aws_credentials credentials = { "AKIDEXAMPLE", "secret", "session+token/=" };
static const struct aws_credentials without_session = { "AKIDEXAMPLE", "secret", "" };
static const struct caller_binding binding = { "00ff", 7, "ff00" };

static struct aws_proof sign(const struct aws_credentials *with, struct arena *arena)
{
	struct aws_proof proof;

	assert_int_equal(caller_sign("eu-central-1", false, &binding, NOW, with, arena, &proof, NULL), 0);
	return proof;
}

static void good_ones(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = 1u << 20 };
	struct sts_endpoint endpoint;
	struct aws_proof proof = sign(&credentials, &arena);

	assert_int_equal(caller_check(&proof, NOW, &endpoint, NULL), 0);
	assert_string_equal(endpoint.host, "sts.eu-central-1.amazonaws.com");
	assert_int_equal(caller_check(&proof, NOW + CALLER_SLACK_NS, &endpoint, NULL), 0);
	assert_int_equal(caller_check(&proof, NOW - CALLER_SLACK_NS, &endpoint, NULL), 0);
	proof = sign(&without_session, &arena);
	assert_null(proof.session_token);
	assert_int_equal(caller_check(&proof, NOW, &endpoint, NULL), 0);
}

static char *replace(struct arena *arena, const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);

	assert_non_null(at);
	return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

static void refuses(const struct aws_proof *proof, int64_t now_ns, const char *words)
{
	struct sts_endpoint endpoint;
	struct err err;

	assert_int_equal(caller_check(proof, now_ns, &endpoint, &err), ERR_DENIED);
	if (!strstr(err.message, words) || strstr(err.message, "session+token"))
		fail_msg("\"%s\" is said, not \"%s\"", err.message, words);
}

static void wrong_signatures(void **state UNUSED)
{
	static const struct {
		const char *from, *to, *words;
	} rows[] = {
		{ "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", "not AWS4-HMAC-SHA256" },
		{ "AKIDEXAMPLE", "", "no access key" },
		{ "AKIDEXAMPLE", "AKID/EXAMPLE", "another day, region or service" },
		{ "20150830", "20150831", "another day" },
		{ "eu-central-1", "us-east-1", "another day, region" },
		{ "/sts/", "/iam/", "service" },
		{ ";x-clewline-enrolment", "", "must sign the headers" },
		{ ";x-amz-security-token", "", "must sign the headers" },
		{ "content-type;", "", "must sign the headers" },
		{ "host;", "", "must sign the headers" },
		{ "host;", "host;x-more;", "must sign the headers" },
		{ ", Signature=", ", Signature=00", "64 hexadecimal" },
		{ ", Signature=", ", Signature=X\r\nX: ", "64 hexadecimal" },
	};
	AUTO_ARENA arena = { .max = 1u << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct aws_proof proof = sign(&credentials, &arena);

		proof.authorization = replace(&arena, proof.authorization, rows[i].from, rows[i].to);
		refuses(&proof, NOW, rows[i].words);
	}
}

static void wrong_parts(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = 1u << 20 };
	struct aws_proof proof = sign(&credentials, &arena), changed;

	changed = proof;
	changed.host = "169.254.169.254";
	refuses(&changed, NOW, "no endpoint of STS");
	changed.host = "sts.eu-central-1.amazonaws.com.example.org";
	refuses(&changed, NOW, "no endpoint of STS");
	changed.host = "sts.us-east-1.amazonaws.com";
	refuses(&changed, NOW, "another day, region");
	changed.host = NULL;
	refuses(&changed, NOW, "lacks");
	changed = proof;
	changed.session_token = "a\r\nX-Other: b";
	refuses(&changed, NOW, "session token");
	changed.session_token = NULL;
	refuses(&changed, NOW, "must sign the headers");
	changed = proof;
	changed.date = "today";
	refuses(&changed, NOW, "not written as");
	changed = proof;
	changed.authorization = NULL;
	refuses(&changed, NOW, "lacks");
	refuses(&proof, NOW + CALLER_SLACK_NS + NS_PER_S, "15m1s before");
	refuses(&proof, NOW - CALLER_SLACK_NS - NS_PER_S, "15m1s after");
}

#define ANSWER(account, arn)                                                                                         \
	"{\"GetCallerIdentityResponse\": {\"GetCallerIdentityResult\": {\"Account\": \"" account                     \
	"\", \"Arn\": \"" arn "\", \"UserId\": \"AROA:x\"}, \"ResponseMetadata\": {\"RequestId\": \"1\"}}}"
#define REFUSAL(code) "{\"Error\": {\"Code\": \"" code "\", \"Message\": \"session+token\", \"Type\": \"Sender\"}}"

static void answers(void **state UNUSED)
{
	static const struct {
		long status;
		const char *json;
		int code;
		const char *words;
	} rows[] = {
		{ 200, ANSWER("111122223333", "arn:aws:sts::111122223333:assumed-role/web/task"), 0, "" },
		{ 200, ANSWER("111122223333", "arn:aws:iam::111122223333:user/web"), ERR_DENIED, "no role" },
		{ 200, ANSWER("111122223333", "arn:aws:iam::111122223333:root"), ERR_DENIED, "no role" },
		{ 200, ANSWER("111122223333", "arn:aws:iam::111122223333:role/web"), ERR_DENIED, "no role" },
		{ 200, ANSWER("999922223333", "arn:aws:sts::111122223333:assumed-role/web/task"), ERR_SYNTAX,
		  "contradicts" },
		{ 200, ANSWER("111122223333", "arn:aws-cn:sts::111122223333:assumed-role/web/task"), ERR_SYNTAX,
		  "contradicts" },
		{ 200, "", ERR_SYNTAX, "does not say" },
		{ 200, "<GetCallerIdentityResponse/>", ERR_SYNTAX, "does not say" },
		{ 200, "{\"GetCallerIdentityResponse\": []}", ERR_SYNTAX, "does not say" },
		{ 301, "", ERR_DENIED, "status 301" },
		{ 403, REFUSAL("SignatureDoesNotMatch"), ERR_DENIED, "another collector, tenant or key" },
		{ 403, REFUSAL("ExpiredToken"), ERR_DENIED, "(ExpiredToken)" },
		{ 403, REFUSAL("\\u001b[31m"), ERR_DENIED, "status 403" },
		{ 403, "<ErrorResponse/>", ERR_DENIED, "status 403" },
		{ 400, REFUSAL("Throttling"), ERR_AGAIN, "now" },
		{ 429, "", ERR_AGAIN, "now" },
		{ 503, "", ERR_AGAIN, "now" },
	};
	struct aws_role role;
	struct err err;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		err.message[0] = '\0';
		assert_int_equal(caller_parse(rows[i].status, rows[i].json, strlen(rows[i].json), "aws", &role, &err),
				 rows[i].code);
		if (!strstr(err.message, rows[i].words) || strstr(err.message, "session+token"))
			fail_msg("row %zu: \"%s\" is said, not \"%s\"", i, err.message, rows[i].words);
	}
	assert_int_equal(caller_parse(200, rows[0].json, strlen(rows[0].json), "aws", &role, NULL), 0);
	assert_string_equal(role.name, "web");
	assert_string_equal(role.session, "task");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_ones), cmocka_unit_test(wrong_signatures),
					    cmocka_unit_test(wrong_parts), cmocka_unit_test(answers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
