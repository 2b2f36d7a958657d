#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "bus/address.h"

static void only_what_stays_here_is_local(void **state UNUSED)
{
	static const char *const local[] = { "ipc:///run/x", "unix:/run/x", "tcp://127.0.0.1:1", "tcp://[::1]:1",
					     "tcp://localhost:1" };
	static const char *const others[] = { "tcp://0.0.0.0:1",
					      "tcp://[::]:1",
					      "tcp://10.0.0.1:1",
					      "tcp://:1",
					      "tcp://localhost.example:1",
					      "tls+tcp://10.0.0.1:1",
					      "ws://10.0.0.1:1",
					      "tcp://[::1",
					      "tcp://localhost" };

	for (size_t i = 0; i < ARRAY_SIZE(local); i++)
		assert_true(address_is_local(local[i]));
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(address_is_local(others[i]));
}

static void tcp_without_tls_stays_on_this_machine(void **state UNUSED)
{
	struct err err;

	assert_int_equal(address_check("tls+tcp://collector:7443", &err), 0);
	assert_int_equal(address_check("tcp://127.0.0.1:1", &err), 0);
	assert_int_equal(address_check("tcp://collector:1", &err), ERR_USAGE);
	assert_string_equal(err.message, "\"tcp://collector:1\" would leave this machine unencrypted and "
					 "unauthenticated; use tls+tcp://");
	assert_int_equal(address_check("http://collector", &err), ERR_USAGE);
}

static void a_wildcard_is_reached_by_loopback(void **state UNUSED)
{
	static const char *const pairs[][2] = {
		{ "tls+tcp://0.0.0.0:7443", "tls+tcp://127.0.0.1:7443" },
		{ "tls+tcp://[::]:7443", "tls+tcp://[::1]:7443" },
		{ "tls+tcp://*:7443", "tls+tcp://127.0.0.1:7443" },
		{ "tls+tcp://10.0.0.1:7443", "tls+tcp://10.0.0.1:7443" },
		{ "ipc:///run/x", "ipc:///run/x" },
	};
	char own[ADDRESS_URL_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		assert_int_equal(address_of_own(pairs[i][0], own, NULL), 0);
		assert_string_equal(own, pairs[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_stays_here_is_local),
		cmocka_unit_test(tcp_without_tls_stays_on_this_machine),
		cmocka_unit_test(a_wildcard_is_reached_by_loopback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
