#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "agent/containers.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int set_up(void **state)
{
	*state = containers_new();
	return *state ? 0 : -1;
}

static int tear_down(void **state)
{
	containers_free(*state);
	return 0;
}

static void control_groups_of_one_container_are_one_container(void **state)
{
	const struct container_identity *first = containers_find(*state, "/docker/" ID);

	assert_non_null(first);
	assert_string_equal(first->info.id, ID);
	assert_string_equal(first->short_id, "0123456789ab");
	assert_ptr_equal(containers_find(*state, "/system.slice/docker-" ID ".scope"), first);
	assert_ptr_equal(containers_find(*state, "/docker/" ID "/init.scope"), first);
}

static void groups_of_the_host_are_no_container(void **state)
{
	assert_null(containers_find(*state, "/system.slice/cron.service"));
	assert_null(containers_find(*state, "/"));
	assert_null(containers_find(*state, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(control_groups_of_one_container_are_one_container, set_up, tear_down),
		cmocka_unit_test_setup_teardown(groups_of_the_host_are_no_container, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
