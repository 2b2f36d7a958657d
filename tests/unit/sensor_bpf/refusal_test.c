#include <setjmp.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "agent/sensor/bpf/refusal.h"

static const struct refusal_facts allowed = {
	.has_bpf = true,
	.has_perfmon = true,
	.has_types = true,
	.is_first_user_namespace = true,
};

static struct err err;

static void two_capabilities_or_the_big_one_are_enough(void **state)
{
	struct refusal_facts facts = allowed;

	(void)state;
	assert_int_equal(refusal_before(&facts, &err), 0);
	facts.has_perfmon = false;
	assert_int_equal(refusal_before(&facts, &err), ERR_DENIED);
	assert_string_equal(err.message,
			    "cannot load BPF: not permitted: needs CAP_BPF and CAP_PERFMON (or CAP_SYS_ADMIN)");
	facts.has_admin = true;
	assert_int_equal(refusal_before(&facts, &err), 0);
}

static void each_obstacle_has_its_own_sentence(void **state)
{
	struct refusal_facts facts = allowed;

	(void)state;
	facts.has_types = false;
	assert_int_equal(refusal_before(&facts, &err), ERR_DENIED);
	assert_non_null(strstr(err.message, "does not describe its types"));
	facts.is_confidential = true;
	assert_int_equal(refusal_before(&facts, &err), ERR_DENIED);
	assert_non_null(strstr(err.message, "locked down"));
	facts.is_first_user_namespace = false;
	assert_int_equal(refusal_before(&facts, &err), ERR_DENIED);
	assert_non_null(strstr(err.message, "user namespace"));
	facts.is_foreign = true;
	assert_int_equal(refusal_before(&facts, &err), ERR_DENIED);
	assert_non_null(strstr(err.message, "not x86-64"));
}

static void what_the_kernel_said_is_passed_on(void **state)
{
	(void)state;
	assert_int_equal(refusal_after(EPERM, "libbpf: x", &err), ERR_DENIED);
	assert_non_null(strstr(err.message, "seccomp"));
	assert_non_null(strstr(err.message, ": libbpf: x"));
	assert_int_equal(refusal_after(ENOSYS, "", &err), ERR_DENIED);
	assert_string_equal(err.message, "cannot load BPF: this kernel has none");
	assert_int_equal(refusal_after(ENOMEM, "", &err), ERR_MEMORY);
	assert_int_equal(refusal_after(EINVAL, "", &err), ERR_DENIED);
	assert_string_equal(err.message,
			    "cannot load BPF: the kernel does not accept the programs: Invalid argument");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_capabilities_or_the_big_one_are_enough),
		cmocka_unit_test(each_obstacle_has_its_own_sentence),
		cmocka_unit_test(what_the_kernel_said_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
