#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/strbuf.h"
#include "yaml/yaml.h"

static struct yaml_file parse(struct arena *arena, const char *text)
{
	struct yaml_place place;
	struct yaml_file file;
	struct err err;

	arena_init(arena, 16u << 20);
	if (yaml_parse(text, strlen(text), arena, &file, &place, &err) < 0)
		fail_msg("%d:%d: %s", place.line, place.column, err.message);
	return file;
}

static void scalars_stay_as_they_were_written(void **state)
{
	static const char *const expected[] = { "0755", "no", "=", "1.10", "0.0.0.0", "~x", "a b" };
	AUTO_ARENA arena;
	struct yaml_file file = parse(&arena, "[0755, no, =, 1.10, 0.0.0.0, ~x, 'a b']");

	(void)state;
	assert_int_equal(file.count, 1);
	assert_int_equal(file.documents[0]->count, ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		assert_string_equal(yaml_text(file.documents[0]->items[i]), expected[i]);
}

static void documents_keys_booleans_and_nulls_are_read(void **state)
{
	AUTO_ARENA arena;
	struct yaml_file file = parse(&arena, "a: Yes\nb: off\nc: ~\nd: '~'\ne: -7\n---\n- x\n");
	const struct yaml_node *first = file.documents[0];
	bool truth = false;
	long number = 0;

	(void)state;
	assert_int_equal(file.count, 2);
	assert_true(yaml_bool(yaml_get(first, "a"), &truth) && truth);
	assert_true(yaml_bool(yaml_get(first, "b"), &truth) && !truth);
	assert_false(yaml_bool(yaml_get(first, "e"), &truth));
	assert_true(yaml_is_null(yaml_get(first, "c")));
	assert_null(yaml_text(yaml_get(first, "c")));
	assert_string_equal(yaml_text(yaml_get(first, "d")), "~");
	assert_true(yaml_int(yaml_get(first, "e"), -10, 0, &number) && number == -7);
	assert_false(yaml_int(yaml_get(first, "e"), 0, 10, &number));
	assert_null(yaml_get(first, "nothing"));
	assert_null(yaml_get(file.documents[1], "x"));
}

/* The place of the first X in the value of "k". */
static void assert_place(const char *text, int line, int column)
{
	AUTO_ARENA arena;
	struct yaml_file file = parse(&arena, text);
	const struct yaml_node *node = yaml_get(file.documents[0], "k");
	struct yaml_place place =
		yaml_place(node, (size_t)(strchr(node->text, 'X') - node->text), text, strlen(text));

	if (place.line != line || place.column != column)
		fail_msg("%s: %d:%d", text, place.line, place.column);
}

static void every_byte_of_a_scalar_knows_its_place(void **state)
{
	(void)state;
	assert_place("k: a b X", 1, 8);
	assert_place("j: 1\nk: a\n   b\n   X c", 4, 4);
	assert_place("k: >\n  a b\n  c X\n", 3, 5);
	assert_place("k: >-\n\n  > X\n", 3, 5);
	assert_place("k: |\n  a\n    X\n", 3, 5);
	assert_place("k: 'it''s X'", 1, 11);
	assert_place("k: \"a\\\"b X\"", 1, 10);
}

static void what_is_not_yaml_is_refused_with_its_place(void **state)
{
	static const char text[] = "- a\n- b: [c\n- d\n";
	struct yaml_place place;
	struct yaml_file file;
	AUTO_ARENA arena;
	struct err err;

	(void)state;
	arena_init(&arena, 16u << 20);
	assert_int_equal(yaml_parse(text, strlen(text), &arena, &file, &place, &err), ERR_SYNTAX);
	assert_true(place.line >= 2 && place.column >= 1);
	assert_true(*err.message);
}

static void bytes_that_yaml_does_not_allow_are_refused_with_their_place(void **state)
{
	static const struct {
		const char *text, *message;
		int line, column;
	} cases[] = {
		{ "a: b\nc\xff: d", "byte 0xff is not UTF-8", 2, 2 },
		{ "a: \xc3\xa4\xc0\x80", "byte 0xc0 is not UTF-8", 1, 6 },
		{ "a: \xed\xa0\x80", "byte 0xed is not UTF-8", 1, 4 },
		{ "% rul\x01", "control character 0x01", 1, 6 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct yaml_place place;
		struct yaml_file file;
		AUTO_ARENA arena;
		struct err err;

		arena_init(&arena, 16u << 20);
		assert_int_equal(yaml_parse(cases[i].text, strlen(cases[i].text), &arena, &file, &place, &err),
				 ERR_SYNTAX);
		assert_string_equal(err.message, cases[i].message);
		assert_int_equal(place.line, cases[i].line);
		assert_int_equal(place.column, cases[i].column);
	}
}

static void aliases_are_followed_but_not_without_end(void **state)
{
	AUTO_ARENA arena;
	AUTO_STRBUF bomb = STRBUF_INIT;
	struct yaml_file file = parse(&arena, "a: &x [1, 2]\nb: *x\n");
	AUTO_ARENA second;
	struct yaml_place place;
	struct err err;

	(void)state;
	assert_int_equal(yaml_get(file.documents[0], "b")->count, 2);
	arena_init(&second, 512u << 20);
	strbuf_adds(&bomb, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 9; i++) {
		strbuf_addf(&bomb, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			strbuf_addf(&bomb, "%s*a%d", k ? ", " : "", i - 1);
		strbuf_adds(&bomb, "]\n");
	}
	assert_int_equal(yaml_parse(bomb.data, bomb.length, &second, &file, &place, &err), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_stay_as_they_were_written),
		cmocka_unit_test(documents_keys_booleans_and_nulls_are_read),
		cmocka_unit_test(every_byte_of_a_scalar_knows_its_place),
		cmocka_unit_test(what_is_not_yaml_is_refused_with_its_place),
		cmocka_unit_test(bytes_that_yaml_does_not_allow_are_refused_with_their_place),
		cmocka_unit_test(aliases_are_followed_but_not_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
