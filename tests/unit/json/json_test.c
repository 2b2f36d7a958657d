#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "json/json.h"

static struct err err;

static void an_error_says_which_text_and_where(void **state UNUSED)
{
	json_t *json = NULL;

	assert_int_equal(json_parse("a.json", "{\n\"a\": }", 8, &json, &err), ERR_SYNTAX);
	assert_memory_equal(err.message, "could not parse \"a.json\": line 2, column 6: ", 44);
	assert_null(json);
	assert_int_equal(json_parse("a.json", "{} {}", 5, &json, &err), ERR_SYNTAX);
	assert_int_equal(json_parse("a.json", "", 0, &json, &err), ERR_SYNTAX);
	assert_int_equal(json_parse("a.json", "{}", (size_t)JSON_TEXT_MAX + 1, &json, &err), ERR_LIMIT);
}

static void a_path_ends_in_nothing_where_a_step_is_missing(void **state UNUSED)
{
	static const char text[] = "{\"a\": {\"b\": [1], \"c\": \"text\", \"d\": null}}";
	AUTO_JSON json = NULL;

	assert_int_equal(json_parse("text", text, strlen(text), &json, &err), 0);
	assert_string_equal(json_text(json_at(json, "a", NULL), "c"), "text");
	assert_true(json_is_array(json_at(json, "a", "b", NULL)));
	assert_null(json_at(json, "a", "b", "c", NULL));
	assert_null(json_at(json, "x", "y", NULL));
	assert_null(json_at(NULL, "a", NULL));
	assert_ptr_equal(json_at(json, NULL), json);
	assert_null(json_text(json_at(json, "a", NULL), "b"));
	assert_null(json_text(json_at(json, "a", NULL), "d"));
	assert_null(json_text(NULL, "d"));
}

static void text_of_any_bytes_becomes_a_string_that_is_printed_in_ascii(void **state UNUSED)
{
	AUTO_JSON json = json_object();
	AUTO_STRBUF out = STRBUF_INIT;

	assert_int_equal(json_set_text(json, "none", NULL), 0);
	assert_int_equal(json_set_text(json, "bad", "a\xff\xc0\x80z"), 0);
	assert_int_equal(json_set_text(json, "good", "\xc3\xa4\x1b\x7f"), 0);
	assert_int_equal(json_print(json, JSON_COMPACT, &out, &err), 0);
	assert_string_equal(out.data, "{\"bad\":\"a\\uFFFD\\uFFFD\\uFFFDz\",\"good\":\"\\u00E4\\u001B\\u007f\"}\n");
}

static void printing_past_the_ceiling_is_an_error(void **state UNUSED)
{
	AUTO_JSON json = json_object();
	AUTO_STRBUF out = STRBUF_INIT;

	out.max = 8;
	assert_int_equal(json_set_text(json, "name", "value"), 0);
	assert_int_equal(json_print(json, JSON_COMPACT, &out, &err), ERR_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_says_which_text_and_where),
		cmocka_unit_test(a_path_ends_in_nothing_where_a_step_is_missing),
		cmocka_unit_test(text_of_any_bytes_becomes_a_string_that_is_printed_in_ascii),
		cmocka_unit_test(printing_past_the_ceiling_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
