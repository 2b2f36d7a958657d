#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "base/time.h"

static void a_failed_buffer_stays_failed_until_it_is_cleared(void **state UNUSED)
{
	AUTO_STRBUF buf = STRBUF_INIT;

	buf.max = 4;
	strbuf_addf(&buf, "%s", "1234");
	assert_false(buf.failed);
	strbuf_addf(&buf, "%d", 5);
	assert_true(buf.failed);
	strbuf_clear(&buf);
	strbuf_adds(&buf, "ab");
	assert_string_equal(buf.data, "ab");
	strbuf_add(&buf, "cdef", 4);
	assert_true(buf.failed);
	strbuf_addc(&buf, 'c');
	assert_string_equal(buf.data, "ab");
}

static void what_is_taken_is_the_callers_and_the_ceiling_stays(void **state UNUSED)
{
	AUTO_STRBUF buf = STRBUF_INIT;
	AUTO_FREE char *first = NULL, *empty = NULL;

	buf.max = 4;
	strbuf_adds(&buf, "abcd");
	first = strbuf_take(&buf);
	assert_string_equal(first, "abcd");
	assert_string_equal(buf.data, "");
	empty = strbuf_take(&buf);
	assert_string_equal(empty, "");
	strbuf_adds(&buf, "abcde");
	assert_true(buf.failed);
	assert_null(strbuf_take(&buf));
	assert_false(buf.failed);
}

static void an_arena_forgets_everything_at_once(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = 64u << 10 };
	size_t total;

	assert_string_equal(arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
	assert_null(arena_dup(&arena, NULL));
	assert_string_equal(arena_copy(&arena, "abc", 2), "ab");
	assert_int_equal((uintptr_t)arena_alloc(&arena, 1) % _Alignof(max_align_t), 0);
	assert_non_null(arena_alloc(&arena, 20000));
	assert_null(arena_alloc(&arena, SIZE_MAX));
	arena_reset(&arena);
	total = arena.total;
	for (int i = 0; i < 1000; i++) {
		arena_reset(&arena);
		assert_non_null(arena_alloc(&arena, 1000));
	}
	assert_int_equal(arena.total, total);
}

static void append_key(const char *key, void *value, void *context)
{
	strbuf_addf(context, "%s=%s ", key, (const char *)value);
}

static void a_map_replaces_removes_and_keeps_the_order(void **state UNUSED)
{
	AUTO_MAP map = map_new();
	AUTO_STRBUF seen = STRBUF_INIT;
	char key[8] = "b";

	assert_true(map_put(map, key, "1"));
	strcpy(key, "a");
	assert_true(map_put(map, key, "2"));
	assert_true(map_put(map, "", "3"));
	assert_true(map_put(map, "b", "4"));
	assert_int_equal(map_count(map), 3);
	map_each(map, append_key, &seen);
	assert_string_equal(seen.data, "b=4 a=2 =3 ");
	assert_string_equal(map_remove(map, "a"), "2");
	assert_null(map_remove(map, "a"));
	assert_null(map_get(map, "a"));
	assert_string_equal(map_get(map, "b"), "4");
	assert_int_equal(map_count(map), 2);
}

static void a_message_of_exactly_the_limit_is_whole(void **state UNUSED)
{
	struct err err = { 0 };
	char text[ERR_MESSAGE_MAX + 1];

	memset(text, 'x', sizeof(text));
	text[ERR_MESSAGE_MAX - 1] = '\0';
	err_set(&err, ERR_LIMIT, "%s", text);
	assert_string_equal(err.message, text);
	assert_int_equal(err_wrap(&err, "a"), ERR_LIMIT);
	assert_int_equal(strlen(err.message), ERR_MESSAGE_MAX - 1);
	assert_memory_equal(err.message, "a: xxx", 6);
	assert_int_equal(err_wrap(&err, "%s", text), ERR_LIMIT);
	assert_string_equal(err.message, text);
}

static void a_hint_lives_as_long_as_its_error(void **state UNUSED)
{
	struct err err = { 0 };

	err_set(&err, ERR_DENIED, "no");
	err_hint(&err, "secctl %s", "up");
	err_wrap(&err, "first");
	assert_string_equal(err.hint, "secctl up");
	err_set(&err, ERR_FAILED, "other");
	assert_string_equal(err.hint, "");
	assert_int_equal(err_set(NULL, ERR_DENIED, "no"), ERR_DENIED);
	assert_int_equal(err_exit_code(ERR_AGAIN), 8);
	assert_int_equal(err_exit_code(ERR_SYNTAX), 1);
	assert_int_equal(err_exit_code(-1000), 1);
	assert_int_equal(err_exit_code(5), 0);
}

static void durations_are_written_in_two_units_at_most(void **state UNUSED)
{
	static const struct {
		int64_t ns;
		const char *text;
	} rows[] = {
		{ 0, "0s" },
		{ 999999, "0ms" },
		{ 500 * NS_PER_MS, "500ms" },
		{ 3200 * NS_PER_MS, "3.2s" },
		{ 59 * NS_PER_S, "59s" },
		{ 910 * NS_PER_S, "15m10s" },
		{ -910 * NS_PER_S, "-15m10s" },
		{ 3600 * NS_PER_S, "1h" },
		{ 51 * 3600 * NS_PER_S + 59, "2d3h" },
		{ INT64_MIN, "-106751d23h" },
	};
	char out[TIME_TEXT_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_string_equal(duration_format(rows[i].ns, out), rows[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_buffer_stays_failed_until_it_is_cleared),
		cmocka_unit_test(what_is_taken_is_the_callers_and_the_ceiling_stays),
		cmocka_unit_test(an_arena_forgets_everything_at_once),
		cmocka_unit_test(a_map_replaces_removes_and_keeps_the_order),
		cmocka_unit_test(a_message_of_exactly_the_limit_is_whole),
		cmocka_unit_test(a_hint_lives_as_long_as_its_error),
		cmocka_unit_test(durations_are_written_in_two_units_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
