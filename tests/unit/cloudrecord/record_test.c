#include "cloudrecord/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "cloudrecord/redact.h"
#include "json/json.h"

#define ARENA_SIZE (1u << 20)

static json_t *parse(const char *text)
{
	json_t *json = NULL;
	struct err err;

	if (json_parse("test", text, strlen(text), &json, &err) < 0)
		fail_msg("%s", err.message);
	return json;
}

static char *redacted(const char *text)
{
	AUTO_JSON json = parse(text);

	redact(json);
	return json_dumps(json, JSON_COMPACT);
}

static void secrets_go_and_everything_else_stays(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "{\"credentials\":{\"accessKeyId\":\"ASIA1\",\"sessionToken\":\"abc\",\"expiration\":\"x\"}}",
		  "{\"credentials\":{\"accessKeyId\":\"ASIA1\",\"sessionToken\":\"[redacted]\",\"expiration\":\"x\"}"
		  "}" },
		{ "{\"a\":[{\"SecretAccessKey\":\"abc\",\"n\":1.5,\"b\":true}]}",
		  "{\"a\":[{\"SecretAccessKey\":\"[redacted]\",\"n\":1.5,\"b\":true}]}" },
		{ "{\"nextToken\":\"keep\",\"clientToken\":\"keep\",\"password\":null}",
		  "{\"nextToken\":\"keep\",\"clientToken\":\"keep\",\"password\":null}" },
		{ "{\"environment\":[{\"name\":\"DB_PASSWORD\",\"value\":\"abc\"},{\"name\":\"MODE\",\"value\":"
		  "\"prod\"}]}",
		  "{\"environment\":[{\"name\":\"DB_PASSWORD\",\"value\":\"[redacted]\"},{\"name\":\"MODE\","
		  "\"value\":\"prod\"}]}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_FREE char *out = redacted(cases[i].in);

		assert_string_equal(out, cases[i].out);
	}
}

static void nul_in_a_text_becomes_visible(void **state)
{
	AUTO_JSON json = json_pack("{s:s#}", "userAgent", "a\0b", 3);

	(void)state;
	assert_int_equal(redact(json), 0);
	assert_string_equal(json_text(json, "userAgent"), "a\xef\xbf\xbd"
							  "b");
}

static void make(const char *text, const char *object, struct arena *arena, struct record *ret)
{
	AUTO_JSON json = parse(text);
	struct err err;

	if (record_make(json, object, arena, ret, &err) < 0)
		fail_msg("%s", err.message);
}

static void the_facts_of_a_record_are_taken(void **state)
{
	AUTO_ARENA arena = { 0 };
	AUTO_RECORD record = { 0 };
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	arena_init(&arena, ARENA_SIZE);
	make("{\"eventTime\":\"2026-11-23T12:05:00Z\",\"eventID\":\"e1\",\"eventName\":\"DeleteCluster\","
	     "\"awsRegion\":\"us-west-1\","
	     "\"eventSource\":\"ecs.amazonaws.com\",\"recipientAccountId\":\"111122223333\",\"errorCode\":"
	     "\"AccessDenied\","
	     "\"sourceIPAddress\":\"1.2.3.4\",\"userIdentity\":{\"type\":\"IAMUser\",\"userName\":\"bad\\u001b[2J\","
	     "\"accountId\":\"9\"}}",
	     "f", &arena, &record);
	assert_int_equal(record.time_ns, INT64_C(1795435500) * NS_PER_S);
	assert_string_equal(record.account, "111122223333");
	assert_string_equal(record.id, "e1");
	record_text_line(&record, &out);
	assert_string_equal(out.data, "2026-11-23T12:05:00Z us-west-1 111122223333 ecs.amazonaws.com DeleteCluster "
				      "user=bad\\x1b[2J from=1.2.3.4 error=AccessDenied\n");
}

static void a_record_of_the_first_version_gets_an_id_and_its_paths_account(void **state)
{
	static const char text[] =
		"{\"eventVersion\":\"1.0\",\"eventTime\":\"2014-03-06T21:22:54Z\",\"eventName\":\"StartInstances\"}";
	static const char object[] = "b/AWSLogs/o-abc/111122223333/CloudTrail/eu-west-1/2014/03/06/x.json.gz";
	AUTO_ARENA arena = { 0 };
	AUTO_RECORD first = { 0 };
	AUTO_RECORD second = { 0 };

	(void)state;
	arena_init(&arena, ARENA_SIZE);
	make(text, object, &arena, &first);
	make(text, "other", &arena, &second);
	assert_string_equal(first.id, second.id);
	assert_int_equal(strncmp(first.id, "made-", 5), 0);
	assert_string_equal(first.account, "111122223333");
	assert_string_equal(first.region, "eu-west-1");
	assert_string_equal(second.account, "");
}

static void identities_may_be_missing_or_null_and_insights_have_no_name(void **state)
{
	static const char *const texts[] = {
		"{\"eventTime\":\"2026-11-23T12:05:00Z\",\"eventName\":\"A\",\"userIdentity\":null}",
		("{\"eventTime\":\"2026-11-23T12:05:00Z\",\"eventID\":\"i\",\"eventType\":\"AwsCloudTrailInsight\","
		 "\"insightDetails\":{}}"),
		"{\"eventTime\":\"2026-11-23T12:05:00Z\",\"eventName\":5,\"userIdentity\":[1],\"awsRegion\":{}}",
	};
	AUTO_ARENA arena = { 0 };

	(void)state;
	arena_init(&arena, ARENA_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		AUTO_RECORD record = { 0 };
		AUTO_STRBUF out = STRBUF_INIT;

		make(texts[i], NULL, &arena, &record);
		record_text_line(&record, &out);
		assert_non_null(strstr(out.data, "2026-11-23T12:05:00Z - -"));
	}
}

static void a_time_that_lost_its_zone_is_utc(void **state)
{
	AUTO_ARENA arena = { 0 };
	AUTO_RECORD record = { 0 };

	(void)state;
	arena_init(&arena, ARENA_SIZE);
	make("{\"eventTime\":\"2026-11-23 12:05:00.000\",\"eventName\":\"A\"}", NULL, &arena, &record);
	assert_int_equal(record.time_ns, INT64_C(1795435500) * NS_PER_S);
}

static void a_record_without_a_time_says_so(void **state)
{
	AUTO_ARENA arena = { 0 };
	AUTO_RECORD record = { 0 };
	AUTO_JSON none = parse("{\"eventName\":\"A\"}");
	AUTO_JSON bad = parse("{\"eventName\":\"A\",\"eventTime\":\"yesterday\"}");
	struct err err;

	(void)state;
	arena_init(&arena, ARENA_SIZE);
	assert_int_equal(record_make(none, NULL, &arena, &record, &err), ERR_SYNTAX);
	assert_string_equal(err.message, "eventTime is missing");
	assert_int_equal(record_make(bad, NULL, &arena, &record, &err), ERR_SYNTAX);
	assert_non_null(strstr(err.message, "yesterday"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_go_and_everything_else_stays),
		cmocka_unit_test(nul_in_a_text_becomes_visible),
		cmocka_unit_test(the_facts_of_a_record_are_taken),
		cmocka_unit_test(a_record_of_the_first_version_gets_an_id_and_its_paths_account),
		cmocka_unit_test(identities_may_be_missing_or_null_and_insights_have_no_name),
		cmocka_unit_test(a_time_that_lost_its_zone_is_utc),
		cmocka_unit_test(a_record_without_a_time_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
