#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "agent/sensor/trace/arch.h"
#include "agent/sensor/trace/calls.h"
#include "agent/sensor/trace/filter.h"

#define REFUSED (SECCOMP_RET_ERRNO | ENOSYS)

/* What the kernel would answer: the few instructions that filters here are made of. */
static uint32_t run_filter(const struct filter *filter, const struct seccomp_data *data)
{
	uint32_t accumulator = 0;

	for (size_t at = 0; at < filter->count; at++) {
		const struct sock_filter *in = &filter->code[at];

		switch (in->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_in_range(in->k, 0, sizeof(*data) - 4);
			memcpy(&accumulator, (const char *)data + in->k, 4);
			break;
		case BPF_JMP | BPF_JA:
			at += in->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			at += accumulator == in->k ? in->jt : in->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			at += accumulator >= in->k ? in->jt : in->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			at += accumulator & in->k ? in->jt : in->jf;
			break;
		case BPF_RET | BPF_K:
			return in->k;
		default:
			fail_msg("instruction %zu has code %#x", at, in->code);
		}
	}
	fail_msg("the program runs off its end");
	return 0;
}

static uint32_t answer(const struct filter *filter, int number, uint64_t a, uint64_t b, uint64_t c)
{
	struct seccomp_data data = { .nr = number, .arch = AUDIT_ARCH_X86_64, .args = { a, b, c } };

	return run_filter(filter, &data);
}

static void build(struct filter *filter, bool everything, bool reads)
{
	struct sensor_wants wants = { .reads = reads };
	struct err err = { 0 };

	for (int i = 0; i < SENSOR_CALL_COUNT; i++)
		wants.calls[i] = everything;
	assert_int_equal(filter_build(&wants, filter, &err), 0);
	assert_in_range(filter->count, 1, FILTER_MAX);
}

static void every_wanted_call_stops_and_no_other(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, true, false);
	for (int number = 0; number < 1024; number++) {
		const struct trace_call *row = trace_call_find((uint64_t)number);
		uint32_t expected = row ? SECCOMP_RET_TRACE : SECCOMP_RET_ALLOW;

		if (number == SYS_clone || number == SYS_clone3)
			continue;
		/* all bits set: whatever argument is tested, it passes the test */
		assert_int_equal(answer(&filter, number, UINT64_MAX, UINT64_MAX, UINT64_MAX), expected);
	}
}

static void an_open_that_only_reads_does_not_stop(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, true, false);
	assert_int_equal(answer(&filter, SYS_open, 0, O_RDONLY | O_CLOEXEC, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY | O_DIRECTORY), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, SYS_open, 0, O_WRONLY, 0), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDWR), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY | O_CREAT), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY | O_TRUNC), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_TMPFILE), SECCOMP_RET_TRACE);
}

static void reads_stop_when_they_are_wanted(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, true, true);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_open, 0, O_RDONLY, 0), SECCOMP_RET_TRACE);
}

static void what_no_rule_needs_does_not_stop(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, false, false);
	assert_int_equal(answer(&filter, SYS_unlink, 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_WRONLY), SECCOMP_RET_ALLOW);
}

static void nothing_escapes_by_clone(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, false, false);
	assert_int_equal(answer(&filter, SYS_clone, CLONE_UNTRACED | SIGCHLD, 0, 0), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, SYS_clone3, 0, 0, 0), REFUSED);
}

static void other_instruction_sets_are_refused(void **state)
{
	static struct filter filter;
	struct seccomp_data i386 = { .nr = 5, .arch = AUDIT_ARCH_I386 };

	(void)state;
	build(&filter, false, false);
	assert_int_equal(run_filter(&filter, &i386), REFUSED);
	assert_int_equal(answer(&filter, 0x40000000 | SYS_open, 0, O_WRONLY, 0), REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wanted_call_stops_and_no_other),
		cmocka_unit_test(an_open_that_only_reads_does_not_stop),
		cmocka_unit_test(reads_stop_when_they_are_wanted),
		cmocka_unit_test(what_no_rule_needs_does_not_stop),
		cmocka_unit_test(nothing_escapes_by_clone),
		cmocka_unit_test(other_instruction_sets_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
