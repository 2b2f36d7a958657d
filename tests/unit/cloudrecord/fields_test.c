#include "cloudrecord/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/time.h"
#include "json/json.h"

#define ARENA_SIZE (1u << 20)

/* What a field gives, as text: "-" for nothing, [a,b] for a list. */
static void show(const struct value *value, bool there, struct strbuf *out)
{
	if (!there)
		strbuf_adds(out, "-");
	else if (value->is_list)
		for (size_t i = 0; i < value->count; i++)
			strbuf_addf(out, "[%s]", value->items[i].text);
	else if (value->type == VALUE_UINT)
		strbuf_addf(out, "%llu", (unsigned long long)value->unumber);
	else if (value->type == VALUE_TIME)
		strbuf_addf(out, "%lld", (long long)(value->number / NS_PER_S));
	else
		strbuf_adds(out, value->text);
}

static void expect(const char *members, enum field field, const char *argument, const char *wanted)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF seen = STRBUF_INIT;
	AUTO_ARENA arena = { 0 };
	AUTO_RECORD record = { 0 };
	AUTO_JSON json = NULL;
	struct fields fields = { .record = &record, .arena = &arena, .number = 7, .hostname = "here" };
	struct field_reader reader = fields_reader(&fields);
	struct value value;
	struct err err;

	arena_init(&arena, ARENA_SIZE);
	strbuf_addf(&text, "{\"eventTime\":\"2026-11-23T12:00:00Z\"%s%s}", *members ? "," : "", members);
	if (json_parse("test", text.data, text.length, &json, &err) < 0 ||
	    record_make(json, "f", &arena, &record, &err) < 0)
		fail_msg("%s", err.message);
	show(&value, reader.read(reader.context, field, argument, &value), &seen);
	assert_string_equal(seen.data, wanted);
}

static void plain_fields_are_the_text_at_their_path(void **state)
{
	(void)state;
	expect("\"eventName\":\"DeleteTrail\"", FIELD_CT_NAME, NULL, "DeleteTrail");
	expect("\"eventName\":\"DeleteTrail\"", FIELD_EVT_TYPE, NULL, "DeleteTrail");
	expect("\"requestParameters\":{\"cluster\":\"c\"}", FIELD_CT_REQUEST_CLUSTER, NULL, "c");
	expect("\"requestParameters\":null", FIELD_CT_REQUEST_CLUSTER, NULL, "-");
	expect("", FIELD_CT_ERROR, NULL, "-");
}

static void a_value_that_is_no_text_is_present_and_empty(void **state)
{
	(void)state;
	expect("\"errorCode\":null", FIELD_CT_ERROR, NULL, "");
	expect("\"errorCode\":5", FIELD_CT_ERROR, NULL, "");
	expect("\"serviceEventDetails\":{\"a\":1}", FIELD_CT_SERVICEEVENTDETAILS, NULL, "");
}

static void the_user_depends_on_the_type(void **state)
{
	static const struct {
		const char *identity, *user, *original;
	} cases[] = {
		{ "{\"type\":\"IAMUser\",\"userName\":\"badlugo\"}", "badlugo", "badlugo" },
		{ "{\"type\":\"Root\"}", "-", "-" },
		{ "{\"type\":\"AWSService\",\"invokedBy\":\"ecs.amazonaws.com\"}", "ecs.amazonaws.com", "-" },
		{ "{\"type\":\"AssumedRole\",\"arn\":\"arn:aws:sts::1:assumed-role/role/"
		  "me\",\"sessionContext\":{\"sessionIssuer\":"
		  "{\"userName\":\"role\"}}}",
		  "role", "me" },
		{ "{\"type\":\"AssumedRole\",\"principalId\":\"AROA1:me\"}", "AssumedRole", "me" },
		{ "{\"type\":\"AWSAccount\"}", "AWSAccount", "-" },
		{ "{\"type\":\"FederatedUser\"}", "FederatedUser", "-" },
		{ "{\"type\":\"Unknown\",\"userName\":\"x\"}", "-", "x" },
		{ "null", "-", "-" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char members[512];

		snprintf(members, sizeof(members), "\"userIdentity\":%s", cases[i].identity);
		expect(members, FIELD_CT_USER, NULL, cases[i].user);
		expect(members, FIELD_CT_ORIGINALUSER, NULL, cases[i].original);
	}
}

static void a_pointer_reaches_any_value(void **state)
{
	static const char members[] =
		"\"responseElements\":{\"ConsoleLogin\":\"Success\",\"a/b\":{\"~\":[true,null,{\"x\":1.5}]}}";

	(void)state;
	expect(members, FIELD_JSON_VALUE, "/responseElements/ConsoleLogin", "Success");
	expect(members, FIELD_JSON_VALUE, "/responseElements/a~1b/~0/0", "true");
	expect(members, FIELD_JSON_VALUE, "/responseElements/a~1b/~0/1", "null");
	expect(members, FIELD_JSON_VALUE, "/responseElements/a~1b/~0/2", "{\"x\":1.5}");
	expect(members, FIELD_JSON_VALUE, "/responseElements/a~1b/~0/3", "-");
	expect(members, FIELD_JSON_VALUE, "/responseElements/a~1b/~0/x", "-");
	expect(members, FIELD_JSON_VALUE, "/responseElements/ConsoleLogin/more", "-");
	expect(members, FIELD_JSON_VALUE, "/responseElements/consolelogin", "-");
	expect(members, FIELD_JSON_VALUE, NULL, "-");
}

static void derived_fields_follow_the_plugin(void **state)
{
	(void)state;
	expect("\"eventSource\":\"ecs.amazonaws.com\"", FIELD_CT_SHORTSRC, NULL, "ecs");
	expect("\"eventSource\":\".amazonaws.com\"", FIELD_CT_SHORTSRC, NULL, ".amazonaws.com");
	expect("\"readOnly\":false", FIELD_CT_READONLY, NULL, "false");
	expect("\"sessionCredentialFromConsole\":\"true\"", FIELD_CT_SESSIONCREDENTIALFROMCONSOLE, NULL, "false");
	expect("\"recipientAccountId\":\"1\"", FIELD_CT_USER_ACCOUNTID, NULL, "1");
	expect("\"requestParameters\":{\"a\":1}", FIELD_CT_REQUEST, NULL, "{\"a\":1}");
	expect("\"resources\":[{\"a\":1},2]", FIELD_CT_RESOURCES, NULL, "{\"a\":1},2");
	expect("\"resources\":[]", FIELD_CT_RESOURCES, NULL, "-");
	expect("\"requestParameters\":{\"bucketName\":\"b\",\"key\":\"k\"}", FIELD_S3_URI, NULL, "s3://b/k");
	expect("\"additionalEventData\":{\"bytesTransferredIn\":1.9,\"bytesTransferredOut\":4}", FIELD_S3_BYTES, NULL,
	       "5");
	expect("\"additionalEventData\":{\"bytesTransferredOut\":-4}", FIELD_S3_BYTES, NULL, "-");
	expect("\"eventName\":\"GetObject\"", FIELD_S3_CNT_GET, NULL, "1");
	expect("\"eventName\":\"GetObject\"", FIELD_S3_CNT_OTHER, NULL, "-");
	expect("\"responseElements\":{\"instancesSet\":{\"items\":[{\"imageId\":\"ami-1\"},{},{\"imageId\":\"ami-2\"}"
	       "]}}",
	       FIELD_EC2_IMAGEIDS, NULL, "[ami-1][ami-2]");
	expect("\"requestParameters\":{\"imageId\":\"ami-3\"}", FIELD_EC2_IMAGEID, NULL, "ami-3");
	expect("\"requestParameters\":{\"tagSpecificationSet\":{\"items\":[{\"resourceType\":\"instance\",\"tags\":[{"
	       "\"key\":\"Name\","
	       "\"value\":\"web\"}]}]}}",
	       FIELD_EC2_NAME, NULL, "web");
}

static void the_summary_tells_who_what_and_whether_it_failed(void **state)
{
	static const char members[] =
		"\"eventName\":\"DeleteCluster\",\"awsRegion\":\"us-west-1\",\"eventSource\":\"ecs.amazonaws.com\","
		"\"sourceIPAddress\":\"1.2.3.4\",\"errorCode\":\"AccessDenied\",\"userIdentity\":{\"type\":"
		"\"IAMUser\","
		"\"userName\":\"badlugo\"}";

	(void)state;
	expect(members, FIELD_CT_INFO, NULL, "badlugo via 1.2.3.4 !-> DeleteCluster");
	expect(members, FIELD_EVT_PLUGININFO, NULL,
	       "us-west-1 badlugo ecs DeleteCluster badlugo via 1.2.3.4 !-> DeleteCluster");
	expect("", FIELD_CT_INFO, NULL, "-");
}

static void the_event_itself_has_fields(void **state)
{
	(void)state;
	expect("", FIELD_EVT_NUM, NULL, "7");
	expect("", FIELD_EVT_TIME, NULL, "1795435200");
	expect("", FIELD_EVT_SOURCE, NULL, "aws_cloudtrail");
	expect("", FIELD_EVT_HOSTNAME, NULL, "here");
	expect("", FIELD_PROC_NAME, NULL, "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_fields_are_the_text_at_their_path),
		cmocka_unit_test(a_value_that_is_no_text_is_present_and_empty),
		cmocka_unit_test(the_user_depends_on_the_type),
		cmocka_unit_test(a_pointer_reaches_any_value),
		cmocka_unit_test(derived_fields_follow_the_plugin),
		cmocka_unit_test(the_summary_tells_who_what_and_whether_it_failed),
		cmocka_unit_test(the_event_itself_has_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
