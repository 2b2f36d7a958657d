#include "cloudrecord/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "json/json.h"

/* Writes names of records and places of problems into one text that tests compare. */
static int note_record(void *context, json_t *json, struct err *err)
{
	(void)err;
	strbuf_addf(context, "%s ", json_text(json, "eventName"));
	return 0;
}

static void note_problem(void *context, size_t line, size_t column, const char *message)
{
	strbuf_addf(context, "%zu:%zu(%s) ", line, column, message);
}

static void expect(const char *text, const char *seen)
{
	AUTO_STRBUF notes = STRBUF_INIT;
	struct document_sink sink = { .record = note_record, .problem = note_problem, .context = &notes };
	struct document_counts counts = { 0 };
	struct err err;

	assert_int_equal(document_read(text, strlen(text), &sink, &counts, &err), 0);
	assert_string_equal(notes.data, seen);
}

#define RECORD(name)                                                                                                 \
	"{\"eventTime\": \"2026-11-23T12:00:00Z\", \"eventVersion\": \"1.09\", \"eventName\": \"" name "\"}"

static void every_shape_gives_its_records(void **state)
{
	(void)state;
	expect("{\"Records\": [" RECORD("A") ", " RECORD("B") "]}", "A B ");
	expect("\xef\xbb\xbf{\"other\": {\"x\": [\"]\"]}, \"Records\" : [" RECORD("A") "], \"more\": 1}\n", "A ");
	expect("[" RECORD("A") "," RECORD("B") "]", "A B ");
	expect(RECORD("A") "\n" RECORD("B") "\r\n\n" RECORD("C"), "A B C ");
	expect("{\"detail-type\": \"AWS API Call via CloudTrail\", \"detail\": " RECORD("A") "}", "A ");
	expect("{\"Events\": [{\"EventName\": \"A\", \"CloudTrailEvent\": \"{\\\"eventTime\\\": "
	       "\\\"2026-11-23T12:00:00Z\\\", "
	       "\\\"eventName\\\": \\\"A\\\"}\"}]}",
	       "A ");
	expect("{\"Records\": []}", "");
	expect("[]", "");
}

static void a_digest_file_is_no_problem_and_no_record(void **state)
{
	(void)state;
	expect("{\"awsAccountId\": \"111122223333\", \"digestStartTime\": \"2026-11-23T12:00:00Z\", \"logFiles\": "
	       "[]}",
	       "");
}

static void a_broken_record_does_not_hide_the_others(void **state)
{
	(void)state;
	expect("{\"Records\": [" RECORD("A") ",\n {\"eventName\": tru},\n" RECORD("B") "]}",
	       "A 2:18(invalid token near 'tru') B ");
	expect("[" RECORD("A") ", 5, " RECORD("B") "]", "A 1:83('[' or '{' expected near '5') B ");
	expect("[{\"a\": 1}, " RECORD("B") "]",
	       "1:2(not a CloudTrail record: it has neither eventTime nor eventName) B ");
}

static void a_text_that_ends_early_gives_what_came_before(void **state)
{
	(void)state;
	expect("{\"Records\": [" RECORD("A") ", {\"eventName\": \"B", "A 1:111(JSON ends early) ");
	expect("{\"Records\": [" RECORD("A"), "A 1:93(JSON ends early) ");
	expect("", "1:1(JSON ends early) ");
	expect("  \n", "2:1(JSON ends early) ");
	expect("[", "1:2(JSON ends early) ");
	expect("{\"a\": \"\\", "1:9(JSON ends early) ");
}

static void garbage_is_reported_where_it_stands(void **state)
{
	(void)state;
	expect("hello\n", "1:5('[' or '{' expected near 'hello') ");
	expect("[" RECORD("A") " " RECORD("B") "]", "A 1:82(a comma or ] is expected here) ");
}

static void text_that_is_not_strict_json_does_not_lose_a_record(void **state)
{
	(void)state;
	expect("[{\"eventTime\": \"2026-11-23T12:00:00Z\", \"eventName\": \"A\", \"userAgent\": \"\xff\\ud800 "
	       "\\\\ud800 \\u0000\"}]",
	       "A ");
	expect("[{\"eventTime\": \"2026-11-23T12:00:00Z\", \"eventName\": \"A\", \"n\": "
	       "123456789012345678901234567890}]",
	       "A ");
}

static void problems_of_one_text_are_counted_but_not_all_told(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_STRBUF notes = STRBUF_INIT;
	struct document_sink sink = { .record = note_record, .problem = note_problem, .context = &notes };
	struct document_counts counts = { 0 };
	size_t told = 0;
	struct err err;

	(void)state;
	for (int i = 0; i < 1000; i++)
		strbuf_adds(&text, "{}\n");
	assert_int_equal(document_read(text.data, text.length, &sink, &counts, &err), 0);
	assert_int_equal(counts.problems, 1000);
	for (const char *at = notes.data; (at = strchr(at, '(')); at++)
		told++;
	assert_int_equal(told, DOCUMENT_PROBLEMS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shape_gives_its_records),
		cmocka_unit_test(a_digest_file_is_no_problem_and_no_record),
		cmocka_unit_test(a_broken_record_does_not_hide_the_others),
		cmocka_unit_test(a_text_that_ends_early_gives_what_came_before),
		cmocka_unit_test(garbage_is_reported_where_it_stands),
		cmocka_unit_test(text_that_is_not_strict_json_does_not_lose_a_record),
		cmocka_unit_test(problems_of_one_text_are_counted_but_not_all_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
