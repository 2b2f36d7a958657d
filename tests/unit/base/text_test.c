/* Bytes, buffers, arenas and errors at their limits and one past them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/err.h"
#include "base/strbuf.h"

static void crc32c_gives_the_published_check_value(void **state UNUSED)
{
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
	assert_int_equal(crc32c("", 0), 0);
}

static void crc32c_is_the_same_with_and_without_the_processors_help(void **state UNUSED)
{
	uint8_t bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 197 + i / 7);
	for (size_t start = 0; start < 9; start++) {
		for (size_t length = 0; start + length <= sizeof(bytes); length++)
			assert_int_equal(crc32c(bytes + start, length), crc32c_by_table(bytes + start, length));
	}
	assert_int_equal(crc32c_by_table("123456789", 9), 0xe3069283);
}

static void hexadecimal_reads_what_it_writes_and_nothing_else(void **state UNUSED)
{
	uint8_t bytes[3] = { 0x00, 0x9f, 0xff }, back[3];
	char text[7];
	struct err err;

	assert_string_equal(hex_format(bytes, 3, text), "009fff");
	assert_int_equal(hex_parse("009FfF", back, 3, &err), 0);
	assert_memory_equal(back, bytes, 3);
	assert_int_equal(hex_parse("009ff", back, 3, &err), ERR_SYNTAX);
	assert_int_equal(hex_parse("009fff0", back, 3, &err), ERR_SYNTAX);
	assert_int_equal(hex_parse("009ffg", back, 3, &err), ERR_SYNTAX);
}

static void a_buffer_holds_its_limit_and_not_one_byte_more(void **state UNUSED)
{
	AUTO_STRBUF full = { 0 };

	strbuf_init(&full, 5);
	strbuf_adds(&full, "12345");
	assert_false(full.failed);
	assert_string_equal(full.data, "12345");
	strbuf_addc(&full, '6');
	assert_true(full.failed);
	assert_string_equal(full.data, "12345");
	assert_null(strbuf_take(&full));
}

static void an_arena_hands_out_zeroed_memory_up_to_its_ceiling(void **state UNUSED)
{
	AUTO_ARENA arena = { .max = 64u << 10 };
	char *first = arena_alloc(&arena, 64u << 10);

	assert_non_null(first);
	assert_int_equal(first[0] | first[(64u << 10) - 1], 0);
	assert_null(arena_alloc(&arena, 1));
	assert_null(arena_alloc(&arena, SIZE_MAX));
}

static void errors_gain_context_in_front_and_are_cut_not_overrun(void **state UNUSED)
{
	struct err err;
	char lengthy[2 * ERR_MESSAGE_MAX];

	assert_int_equal(err_set(&err, ERR_LIMIT, "too %s", "much"), ERR_LIMIT);
	assert_int_equal(err_wrap(&err, "file \"%s\"", "x"), ERR_LIMIT);
	assert_string_equal(err.message, "file \"x\": too much");
	memset(lengthy, 'x', sizeof(lengthy) - 1);
	lengthy[sizeof(lengthy) - 1] = '\0';
	err_wrap(&err, "%s", lengthy);
	assert_int_equal(strlen(err.message), ERR_MESSAGE_MAX - 1);
	assert_int_equal(err_exit_code(ERR_UNREACHABLE), 8);
	assert_int_equal(err_exit_code(3), 0);
	assert_int_equal(err_set(NULL, ERR_DENIED, "nobody reads this"), ERR_DENIED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc32c_gives_the_published_check_value),
		cmocka_unit_test(crc32c_is_the_same_with_and_without_the_processors_help),
		cmocka_unit_test(hexadecimal_reads_what_it_writes_and_nothing_else),
		cmocka_unit_test(a_buffer_holds_its_limit_and_not_one_byte_more),
		cmocka_unit_test(an_arena_hands_out_zeroed_memory_up_to_its_ceiling),
		cmocka_unit_test(errors_gain_context_in_front_and_are_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
