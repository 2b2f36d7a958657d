#include <linux/io_uring.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/sensor/bpf/shape.h"

/* Families of which this sensor reports every call that names a path. */
#define RENAME_NUMBER 82 /* of 64-bit programs on x86-64 */
#define FILE_CALLS                                                                                                   \
	(SENSOR_OPEN_CALLS | SENSOR_RENAME_CALLS | SENSOR_REMOVE_CALLS | SENSOR_LINK_CALLS | SENSOR_SYMLINK_CALLS |  \
	 SENSOR_MKDIR_CALLS | SENSOR_CHMOD_CALLS)

static struct wire_shape native[WIRE_CALLS], compat[WIRE_CALLS];

static void only_wanted_calls_are_looked_at(void **state)
{
	struct sensor_wants wants = { 0 };
	int found = 0;

	(void)state;
	assert_int_equal(shapes_fill(&wants, native, compat), 0);
	wants.calls[SENSOR_RENAME] = true;
	assert_int_equal(shapes_fill(&wants, native, compat), 1);
	for (int i = 0; i < WIRE_CALLS; i++)
		found += native[i].is_wanted;
	assert_int_equal(found, 1);
	assert_true(native[RENAME_NUMBER].is_wanted);
	assert_int_equal(native[RENAME_NUMBER].call, SENSOR_RENAME);
	/* 82 is rename for 64-bit programs and select for 32-bit ones, which have rename at 38 */
	assert_false(compat[RENAME_NUMBER].is_wanted);
	assert_true(compat[38].is_wanted);
}

static void every_file_call_of_the_contract_has_a_row(void **state)
{
	(void)state;
	for (int call = 0; call < SENSOR_CALL_COUNT; call++) {
		struct sensor_wants wants = { 0 };

		if (!sensor_call_in((enum sensor_call)call, FILE_CALLS) || call == SENSOR_OPEN_BY_HANDLE_AT ||
		    call == SENSOR_FCHMOD)
			continue;

		wants.calls[call] = true;
		assert_true(shapes_fill(&wants, native, compat) > 0);
	}
}

static void operations_of_io_uring_are_wanted_like_their_calls(void **state)
{
	struct sensor_wants wants = { 0 };
	struct wire_op ops[WIRE_OPS];

	(void)state;
	assert_int_equal(ops_fill(&wants, ops), 0);
	wants.calls[SENSOR_UNLINKAT] = true;
	assert_int_equal(ops_fill(&wants, ops), 1);
	assert_true(ops[IORING_OP_UNLINKAT].is_wanted);
	assert_int_equal(ops[IORING_OP_UNLINKAT].call, SENSOR_UNLINKAT);
	assert_false(ops[IORING_OP_OPENAT].is_wanted);
}

static void arguments_are_within_what_the_programs_read(void **state)
{
	struct sensor_wants wants;

	(void)state;
	for (int call = 0; call < SENSOR_CALL_COUNT; call++)
		wants.calls[call] = true;
	assert_true(shapes_fill(&wants, native, compat) > 0);
	for (int i = 0; i < WIRE_CALLS; i++) {
		const struct wire_shape *shape = &native[i];

		assert_in_range(shape->path, shape->is_wanted, 6);
		assert_in_range(shape->path2, 0, 6);
		assert_in_range(shape->dirfd, 0, 6);
		assert_in_range(shape->dirfd2, 0, 6);
		assert_in_range(shape->flags, 0, 6);
		assert_in_range(shape->mode, 0, 6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_wanted_calls_are_looked_at),
		cmocka_unit_test(every_file_call_of_the_contract_has_a_row),
		cmocka_unit_test(operations_of_io_uring_are_wanted_like_their_calls),
		cmocka_unit_test(arguments_are_within_what_the_programs_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
