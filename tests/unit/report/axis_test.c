#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/attr.h"
#include "base/time.h"
#include "report/axis.h"

#define WIDTH 60

static struct axis axis;

static void axis_of(const int64_t *seconds, size_t count, int64_t end)
{
	axis.count = 0;
	for (size_t i = 0; i < count; i++)
		axis_add(&axis, seconds[i] * NS_PER_S);
	axis_close(&axis, end * NS_PER_S, WIDTH);
}

static size_t column(int64_t second)
{
	return axis_column(&axis, second * NS_PER_S);
}

static void later_is_further_right_whatever_the_order_given(void **state UNUSED)
{
	const int64_t seconds[] = { 30, 10, 20, 10 };

	axis_of(seconds, ARRAY_SIZE(seconds), 30);
	assert_int_equal(axis.count, 3);
	assert_true(column(10) < column(20) && column(20) < column(30));
	assert_int_equal(column(30), WIDTH - 1);
}

static void a_scan_two_days_earlier_leaves_room_for_the_minutes_that_matter(void **state UNUSED)
{
	const int64_t seconds[] = { 0, 172800, 172860, 172920, 172980 };

	axis_of(seconds, ARRAY_SIZE(seconds), 172980);
	assert_true(axis.points[1].after_break);
	assert_false(axis.points[2].after_break);
	assert_true(column(172980) - column(172800) > WIDTH / 4);
	assert_true(axis_break_column(&axis, 1) > column(0) && axis_break_column(&axis, 1) < column(172800));
}

static void the_time_until_the_end_takes_a_part_however_long_it_is(void **state UNUSED)
{
	const int64_t seconds[] = { 0, 10, 20 };

	axis_of(seconds, ARRAY_SIZE(seconds), 1000000);
	assert_int_equal(column(1000000), WIDTH - 1);
	assert_true(column(20) > WIDTH / 2 && column(20) < WIDTH - 5);
}

static void times_outside_stand_on_the_rim(void **state UNUSED)
{
	const int64_t seconds[] = { 100, 200 };

	axis_of(seconds, ARRAY_SIZE(seconds), 0);
	assert_int_equal(column(-5), 0);
	assert_int_equal(column(5000), WIDTH - 1);
}

static void one_moment_alone_has_a_place(void **state UNUSED)
{
	const int64_t seconds[] = { 100 };

	axis_of(seconds, 1, INT32_MIN);
	assert_true(column(100) < WIDTH);
	axis_of(NULL, 0, 7);
	assert_true(column(7) < WIDTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_is_further_right_whatever_the_order_given),
		cmocka_unit_test(a_scan_two_days_earlier_leaves_room_for_the_minutes_that_matter),
		cmocka_unit_test(the_time_until_the_end_takes_a_part_however_long_it_is),
		cmocka_unit_test(times_outside_stand_on_the_rim),
		cmocka_unit_test(one_moment_alone_has_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
