#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "agent/sensor/trace/ledger.h"

static void a_launch_too_many_is_no_other_ones(void **state)
{
	struct ledger *ledger = ledger_new();
	char uri[32];

	(void)state;
	assert_non_null(ledger);
	for (int i = 1; i <= LEDGER_LAUNCHES_MAX; i++) {
		snprintf(uri, sizeof(uri), "uri %d", i);
		assert_int_equal(ledger_launch(ledger, uri, i), i);
	}
	assert_int_equal(ledger_launch(ledger, "one more", 1000), LEDGER_NO_LAUNCH);
	assert_string_equal(ledger->uris[LEDGER_LAUNCHES_MAX], uri);
	assert_int_equal(ledger->started_ns[LEDGER_LAUNCHES_MAX], LEDGER_LAUNCHES_MAX);
	assert_string_equal(ledger->uris[LEDGER_NO_LAUNCH], "");
}

static void a_container_is_found_by_its_mounts(void **state)
{
	struct ledger *ledger = ledger_new();

	(void)state;
	assert_non_null(ledger);
	assert_int_equal(ledger_find_mount(ledger, 7), 0);
	ledger->mounts[ledger_launch(ledger, "first", 1)] = 7;
	ledger->mounts[ledger_launch(ledger, "second", 2)] = 8;
	ledger->mounts[ledger_launch(ledger, "first again", 3)] = 7;
	assert_int_equal(ledger_find_mount(ledger, 7), 3);
	assert_int_equal(ledger_find_mount(ledger, 8), 2);
	assert_int_equal(ledger_find_mount(ledger, 0), 0);
}

static void a_gap_begins_with_the_first_thing_that_is_not_written(void **state)
{
	static const struct {
		int64_t last_ns, unwritten_ns, gap_ns;
	} cases[] = { { 0, 0, 0 }, { 5, 0, 5 }, { 5, 3, 3 }, { 5, 7, 5 }, { 0, 3, 3 } };
	struct ledger *ledger = ledger_new();

	(void)state;
	assert_non_null(ledger);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		ledger->last_ns = cases[i].last_ns;
		ledger->unwritten_ns = cases[i].unwritten_ns;
		ledger_succeed(ledger);
		assert_int_equal(ledger->unwritten_ns, cases[i].gap_ns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_launch_too_many_is_no_other_ones),
		cmocka_unit_test(a_container_is_found_by_its_mounts),
		cmocka_unit_test(a_gap_begins_with_the_first_thing_that_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
