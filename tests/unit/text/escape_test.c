#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "text/escape.h"

static const struct {
	const char *raw, *safe;
} rows[] = {
	{ "plain text, \xc3\xa4 and \xe4\xb8\xad", "plain text, \xc3\xa4 and \xe4\xb8\xad" },
	{ "\x1b[31mred", "\\x1b[31mred" },
	{ "\x1b]52;c;YQ==\x07", "\\x1b]52;c;YQ==\\x07" },
	{ "one\rtwo\nthree\t", "one\\x0dtwo\\x0athree\\x09" },
	{ "\x7f", "\\x7f" },
	{ "\xc2\x9b", "\\x9b" }, /* CSI as one C1 character */
	{ "a\xe2\x80\xae"
	  "fdp.exe",
	  "a\\u202efdp.exe" }, /* right-to-left override */
	{ "a\xe2\x80\x8b"
	  "b",
	  "a\\u200bb" },	       /* zero width space */
	{ "\xe2\x80\xa8", "\\u2028" }, /* line separator */
	{ "\xef\xbb\xbf", "\\ufeff" },
	{ "\xff\xfe", "\\xff\\xfe" },
	{ "\xc0\xaf", "\\xc0\\xaf" },	       /* overlong */
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" }, /* surrogate */
	{ "a\\b", "a\\\\b" },
	{ "", "" },
};

static void what_is_not_plain_to_see_comes_out_as_an_escape(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		AUTO_STRBUF safe = STRBUF_INIT;

		escape_adds(&safe, rows[i].raw);
		assert_string_equal(safe.data, rows[i].safe);
	}
}

static void a_message_is_escaped_but_its_backslashes_stay(void **state)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	(void)state;
	escape_adds_message(&safe, "could not open \"\\x1b\x1b\"");
	assert_string_equal(safe.data, "could not open \"\\x1b\\x1b\"");
}

static void a_nul_inside_is_shown(void **state)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	(void)state;
	escape_add(&safe, "a\0b", 3);
	assert_string_equal(safe.data, "a\\x00b");
}

static void no_text_adds_nothing(void **state)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	(void)state;
	escape_adds(&safe, NULL);
	assert_int_equal(safe.length, 0);
}

static void width_counts_columns(void **state)
{
	(void)state;
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("\xe4\xb8\xad"), 2);
	assert_int_equal(text_width("e\xcc\x81"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_plain_to_see_comes_out_as_an_escape),
		cmocka_unit_test(a_message_is_escaped_but_its_backslashes_stay),
		cmocka_unit_test(a_nul_inside_is_shown),
		cmocka_unit_test(no_text_adds_nothing),
		cmocka_unit_test(width_counts_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
