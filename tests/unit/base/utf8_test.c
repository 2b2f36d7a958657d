#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/utf8.h"

#define R "\xef\xbf\xbd"

static void expect(const char *text, size_t length, const char *wanted)
{
	AUTO_STRBUF out = STRBUF_INIT;

	utf8_add(&out, text, length);
	assert_string_equal(out.data, wanted);
}

static void valid_text_stays_as_it_is(void **state UNUSED)
{
	static const char text[] =
		"a\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80"
		"\xf4\x8f\xbf\xbf\x1b[0m";

	expect(text, strlen(text), text);
	expect("", 0, "");
}

static void bytes_that_belong_to_no_character_are_replaced(void **state UNUSED)
{
	expect("\x80", 1, R);
	expect("a\xff"
	       "b\xfe",
	       4, "a" R "b" R);
	/* overlong, surrogate, past the last code point */
	expect("\xc0\x80", 2, R R);
	expect("\xe0\x9f\xbf", 3, R R R);
	expect("\xed\xa0\x80", 3, R R R);
	expect("\xf4\x90\x80\x80", 4, R R R R);
}

static void a_character_that_is_cut_off_is_replaced(void **state UNUSED)
{
	expect("x\xe2\x82", 3, "x" R R);
	expect("\xf0\x90\x80z", 4, R R R "z");
	/* the byte after the end would complete it, and must not be looked at */
	expect("\xc3\xa9", 1, R);
}

static void a_nul_is_replaced(void **state UNUSED)
{
	expect("a\0b", 3, "a" R "b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_text_stays_as_it_is),
		cmocka_unit_test(bytes_that_belong_to_no_character_are_replaced),
		cmocka_unit_test(a_character_that_is_cut_off_is_replaced),
		cmocka_unit_test(a_nul_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
