#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <string.h>

#include "table/table.h"
#include "text/escape.h"

static const struct table_column columns[] = {
	{ .name = "rule", .title = "RULE" },
	{ .name = "count", .title = "COUNT", .is_number = true },
	{ .name = "what", .title = "WHAT", .may_shorten = true },
};

static struct table *table_of(const char *what)
{
	struct table *table = table_new(columns, ARRAY_SIZE(columns));
	const char *first[] = { "a", "1", what }, *second[] = { "longer", "1000", NULL };

	assert_non_null(table);
	assert_int_equal(table_add(table, first, NULL), 0);
	assert_int_equal(table_add(table, second, NULL), 0);
	return table;
}

static void assert_printed(const char *what, enum table_format format, size_t width, const char *expected)
{
	AUTO_TABLE table = table_of(what);
	struct table_style style = { .width = width };
	AUTO_STRBUF out = STRBUF_INIT;

	assert_int_equal(table_print(table, format, &style, &out, NULL), 0);
	assert_string_equal(out.data, expected);
}

static void text_is_aligned_and_ends_without_blanks(void **state UNUSED)
{
	assert_printed("x y", TABLE_TEXT, 0, "RULE    COUNT  WHAT\na           1  x y\nlonger   1000  -\n");
}

static void text_is_cut_visibly_only_where_it_may_be(void **state UNUSED)
{
	assert_printed("0123456789abcdef", TABLE_TEXT, 25,
		       "RULE    COUNT  WHAT\na           1  012345678…\nlonger   1000  -\n");
	assert_printed("0123456789abcdef", TABLE_TEXT, 1,
		       "RULE    COUNT  WHAT\na           1  0123456…\nlonger   1000  -\n");
}

static void wide_characters_keep_the_columns_straight(void **state UNUSED)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	const char *cells[] = { "日本", "1", "é" };
	struct table_style style = { 0 };
	AUTO_STRBUF out = STRBUF_INIT;

	assert_int_equal(table_add(table, cells, NULL), 0);
	assert_int_equal(table_print(table, TABLE_TEXT, &style, &out, NULL), 0);
	assert_string_equal(out.data, "RULE  COUNT  WHAT\n日本      1  é\n");
}

static void csv_quotes_escapes_and_disarms_formulas(void **state UNUSED)
{
	assert_printed("=1+\"1\",\n", TABLE_CSV, 0, "rule,count,what\na,1,\"'=1+\"\"1\"\",\\x0a\"\nlonger,1000,\n");
	assert_printed("@x", TABLE_CSV, 0, "rule,count,what\na,1,'@x\nlonger,1000,\n");
}

static void tsv_has_tabs_between_cells_only(void **state UNUSED)
{
	assert_printed("a\tb", TABLE_TSV, 0, "rule\tcount\twhat\na\t1\ta\\x09b\nlonger\t1000\t\n");
}

static void json_keeps_types_and_every_byte(void **state UNUSED)
{
	AUTO_TABLE table = table_of("a\x1b\x7f\xe2\x80\xae");
	struct table_style style = { 0 };
	AUTO_STRBUF out = STRBUF_INIT;
	json_t *rows;

	assert_int_equal(table_print(table, TABLE_JSON, &style, &out, NULL), 0);
	for (const char *c = out.data; *c; c++)
		assert_true(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
	rows = json_loads(out.data, 0, NULL);
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "what")),
			    "a\x1b\x7f\xe2\x80\xae");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 1), "count")), 1000);
	assert_true(json_is_null(json_object_get(json_array_get(rows, 1), "what")));
	json_decref(rows);
}

static void json_lines_are_one_object_each(void **state UNUSED)
{
	assert_printed(
		"w", TABLE_JSONL, 0,
		"{\"rule\":\"a\",\"count\":1,\"what\":\"w\"}\n{\"rule\":\"longer\",\"count\":1000,\"what\":null}\n");
}

static void an_empty_table_is_valid_in_every_format(void **state UNUSED)
{
	static const char *const expected[] = {
		[TABLE_TEXT] = "RULE  COUNT  WHAT\n",
		[TABLE_JSON] = "[]\n",
		[TABLE_JSONL] = "",
		[TABLE_CSV] = "rule,count,what\n",
		[TABLE_TSV] = "rule\tcount\twhat\n",
	};
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	struct table_style style = { .width = 80 };

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		AUTO_STRBUF out = STRBUF_INIT;

		assert_int_equal(table_print(table, (enum table_format)i, &style, &out, NULL), 0);
		assert_string_equal(out.data, expected[i]);
	}
}

static void formats_are_found_by_their_word(void **state UNUSED)
{
	assert_int_equal(table_format_find("csv"), TABLE_CSV);
	assert_int_equal(table_format_find("CSV"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_aligned_and_ends_without_blanks),
		cmocka_unit_test(text_is_cut_visibly_only_where_it_may_be),
		cmocka_unit_test(wide_characters_keep_the_columns_straight),
		cmocka_unit_test(csv_quotes_escapes_and_disarms_formulas),
		cmocka_unit_test(tsv_has_tabs_between_cells_only),
		cmocka_unit_test(json_keeps_types_and_every_byte),
		cmocka_unit_test(json_lines_are_one_object_each),
		cmocka_unit_test(an_empty_table_is_valid_in_every_format),
		cmocka_unit_test(formats_are_found_by_their_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
