/* Times and durations: what is one, what is none, and what comes out again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/time.h"

static void times_of_rfc_3339_are_read(void **state UNUSED)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "2001-09-09T01:46:40Z", 1000000000 * NS_PER_S },
		{ "2001-09-09 01:46:40z", 1000000000 * NS_PER_S },
		{ "2001-09-09T03:46:40+02:00", 1000000000 * NS_PER_S },
		{ "2001-09-08T20:16:40-05:30", 1000000000 * NS_PER_S },
		{ "2001-09-09T01:46:40.5Z", 1000000000 * NS_PER_S + NS_PER_S / 2 },
		{ "2001-09-09T01:46:40.123456789999Z", 1000000000 * NS_PER_S + 123456789 },
		{ "2000-02-29T00:00:00Z", 951782400 * NS_PER_S },
		{ "2016-12-31T23:59:60Z", 1483228800 * NS_PER_S },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ns = -1;
		struct err err = { 0 };

		if (time_parse(cases[i].text, &ns, &err) < 0)
			fail_msg("%s", err.message);
		assert_int_equal(ns, cases[i].ns);
	}
}

static void what_is_no_time_is_refused(void **state UNUSED)
{
	static const char *const cases[] = { "",
					     "now",
					     "2001-09-09",
					     "2001-09-09T01:46:40",
					     "2001-02-29T00:00:00Z",
					     "2001-13-01T00:00:00Z",
					     "2001-09-09T24:00:00Z",
					     "2001-09-09T01:46:40Zx",
					     "2001-09-09T01:46:40.Z",
					     "2001-9-9T01:46:40Z" };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t ns;
		struct err err = { 0 };

		if (time_parse(cases[i], &ns, &err) != ERR_SYNTAX)
			fail_msg("\"%s\" was taken for a time", cases[i]);
		assert_true(err.message[0] != '\0');
	}
}

static void durations_are_a_whole_number_and_a_unit(void **state UNUSED)
{
	int64_t ns;
	struct err err;
	char text[TIME_TEXT_MAX];

	assert_int_equal(duration_parse("500ms", &ns, &err), 0);
	assert_int_equal(ns, 500 * NS_PER_MS);
	assert_int_equal(duration_parse("7d", &ns, &err), 0);
	assert_int_equal(ns, 7 * 86400 * NS_PER_S);
	assert_int_equal(duration_parse("5", &ns, &err), ERR_SYNTAX);
	assert_int_equal(duration_parse("m", &ns, &err), ERR_SYNTAX);
	assert_int_equal(duration_parse("99999999999999d", &ns, &err), ERR_SYNTAX);
	assert_string_equal(time_format_exact(1000000000 * NS_PER_S + 500 * NS_PER_MS, text),
			    "2001-09-09T01:46:40.500Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_of_rfc_3339_are_read),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(durations_are_a_whole_number_and_a_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
