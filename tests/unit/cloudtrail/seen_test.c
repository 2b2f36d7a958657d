#include "cloudtrail/source/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static bool meet(struct seen *seen, uint64_t number)
{
	char key[32];

	snprintf(key, sizeof(key), "%llu", (unsigned long long)number);
	return seen_before(seen, key, strlen(key));
}

static void a_key_is_new_once(void **state)
{
	AUTO_SEEN seen = seen_new();

	(void)state;
	assert_false(seen_before(seen, "a", 1));
	assert_true(seen_before(seen, "a", 1));
	assert_false(seen_before(seen, "b", 1));
	assert_false(seen_before(seen, "", 0));
	assert_true(seen_before(seen, "", 0));
}

static void a_key_is_recognised_for_seen_max_others_and_memory_is_bounded(void **state)
{
	AUTO_SEEN seen = seen_new();
	uint64_t number = 1;

	(void)state;
	assert_false(meet(seen, 0));
	for (; number <= SEEN_MAX; number++)
		assert_false(meet(seen, number));
	assert_true(meet(seen, 0));
	for (; number <= 2 * (uint64_t)SEEN_MAX; number++)
		assert_false(meet(seen, number));
	assert_false(meet(seen, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_new_once),
		cmocka_unit_test(a_key_is_recognised_for_seen_max_others_and_memory_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
