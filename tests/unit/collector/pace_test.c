/* Stocks run out, fill up again, and are nobody else's. */
#include "collector/enrol/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/time.h"

#define NOW (1000 * NS_PER_S)

static size_t taken(struct pace *pace, const char *address, int64_t now_ns)
{
	size_t count = 0;

	while (count < 1000 && pace_take(pace, address, now_ns))
		count++;
	return count;
}

static void one_address(void **state UNUSED)
{
	struct pace *pace = pace_new();

	assert_int_equal(taken(pace, "192.0.2.1:1000", NOW), PACE_ADDRESS_MAX);
	assert_int_equal(taken(pace, "192.0.2.1:2000", NOW), 0); /* another port is the same address */
	assert_int_equal(taken(pace, "192.0.2.1:1", NOW + NS_PER_S), PACE_ADDRESS_RATE);
	assert_int_equal(taken(pace, "192.0.2.1:1", NOW + 3600 * NS_PER_S), PACE_ADDRESS_MAX);
	pace_free(pace);
}

static void all_together(void **state UNUSED)
{
	struct pace *pace = pace_new();
	char address[32];
	size_t count = 0;

	for (int i = 1; i <= 100; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d:1", i);
		count += taken(pace, address, NOW);
	}
	assert_int_equal(count, PACE_ALL_MAX);
	pace_free(pace);
}

static void networks(void **state UNUSED)
{
	struct pace *pace = pace_new();

	assert_int_equal(taken(pace, "[2001:db8::1]:1", NOW), PACE_ADDRESS_MAX);
	assert_int_equal(taken(pace, "[2001:db8::ffff:1]:1", NOW), 0);
	assert_int_equal(taken(pace, "[2001:db8:1::1]:1", NOW), PACE_ADDRESS_MAX);
	pace_free(pace);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(one_address), cmocka_unit_test(all_together),
					    cmocka_unit_test(networks) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
