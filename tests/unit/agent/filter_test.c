#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <cmocka.h>

#include "agent/sensor/trace/arch.h"
#include "agent/sensor/trace/calls.h"
#include "agent/sensor/trace/filter.h"

#define SENSOR_PID  4711
#define STANDBY_PID 4710

static const pid_t sensors[FILTER_SENSORS_MAX] = { SENSOR_PID, STANDBY_PID };
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
		case BPF_JMP | BPF_JGT | BPF_K:
			at += accumulator > in->k ? in->jt : in->jf;
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
	struct seccomp_data data = { .nr = number, .arch = arch_infos[ARCH_NATIVE].audit, .args = { a, b, c } };

	return run_filter(filter, &data);
}

/* Number of a call on the machine that this was built for; -1 if it has none. */
static int native(const char *name)
{
	for (size_t i = 0; i < call_number_count; i++) {
		if (strcmp(call_numbers[i].name, name) == 0)
			return call_numbers[i].numbers[ARCH_NATIVE];
	}
	fail_msg("no call %s", name);
	return -1;
}

static void build(struct filter *filter, bool everything, bool reads)
{
	struct sensor_wants wants = { .reads = reads };
	struct err err = { 0 };

	for (int i = 0; i < SENSOR_CALL_COUNT; i++)
		wants.calls[i] = everything;
	assert_int_equal(filter_build(&wants, sensors, filter, &err), 0);
	assert_in_range(filter->count, 1, FILTER_MAX);
}

/* The tables of calls that a filter of this machine knows. */
static const enum arch tables[] = {
	ARCH_NATIVE,
#ifdef ARCH_SECOND
	ARCH_SECOND,
#endif
};

static void every_wanted_call_stops_and_no_other(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, true, false);
	for (size_t table = 0; table < ARRAY_SIZE(tables); table++) {
		enum arch arch = tables[table];
		const struct arch_info *info = &arch_infos[arch];

		for (int number = 0; number < 1024; number++) {
			int call = trace_call_find(arch, (uint64_t)number);
			struct seccomp_data data = { .nr = number, .arch = info->audit };
			bool stops = false;

			if (number == info->clone || number == info->clone3 || number == info->socketcall)
				continue;
			/* every argument that its tests could want, in turn */
			for (uint32_t value = 0; value < 0x100; value++) {
				for (int i = 0; i < 6; i++)
					data.args[i] = value == 0xff ? SENSOR_PID : value;
				stops |= run_filter(&filter, &data) == SECCOMP_RET_TRACE;
			}
			for (uint32_t first = 0; first < 2; first++) {
				for (int i = 0; i < 6; i++)
					data.args[i] = i == 0 && first ? first : 0x7fffffff;
				stops |= run_filter(&filter, &data) == SECCOMP_RET_TRACE;
			}
			if (stops != (call >= 0 && !sensor_call_in((enum sensor_call)call, SENSOR_LIFE_CALLS)))
				fail_msg("call %d of table %zu", number, table);
		}
	}
}

/* The program of the filter and the tests as the table means them say the same, whatever the arguments. */
static void the_filter_tests_arguments_as_the_table_says(void **state)
{
	static const uint32_t values[] = { 0, 1, 2, 3, 4, 17, 0x80, 0x20000000, SENSOR_PID, 0x7fffffff, UINT32_MAX };
	static struct filter filter;

	(void)state;
	build(&filter, true, false);
	for (size_t row = 0; row < call_number_count; row++) {
		int number = call_numbers[row].numbers[ARCH_NATIVE];
		enum sensor_call call = call_numbers[row].call;

		for (size_t k = 0; number >= 0 && k < 11 * 11 * 11; k++) {
			uint64_t args[6] = { values[k % 11], values[k / 11 % 11], values[k / 121], values[k % 11],
					     (uint64_t)values[k / 121] << 32 };
			struct seccomp_data data = { .nr = number, .arch = arch_infos[ARCH_NATIVE].audit };
			bool stops;

			if (sensor_call_in(call, SENSOR_LIFE_CALLS))
				break;
			memcpy(data.args, args, sizeof(args));
			stops = run_filter(&filter, &data) == SECCOMP_RET_TRACE;
			if (stops != sensor_tests_pass(call, args, SENSOR_PID))
				fail_msg("%s, case %zu", sensor_call_name(call), k);
		}
	}
}

static void signals_to_the_sensor_stop(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, true, false);
	assert_int_equal(answer(&filter, SYS_kill, SENSOR_PID, 9, 0), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_kill, SENSOR_PID + 1, 9, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, SYS_tgkill, SENSOR_PID, SENSOR_PID, 9), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_kill, STANDBY_PID, 9, 0), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_kill, (uint32_t)-STANDBY_PID, 9, 0), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_kill, STANDBY_PID - 1, 9, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, SYS_kill, 0, 9, 0), SECCOMP_RET_ALLOW);
}

/* Compares a column of numbers.def with a header of the kernel: "#define __NR_open 2". */
static void compare_column(const char *path, enum arch arch, const char *prefix)
{
	FILE *file = fopen(path, "r");
	char line[256], name[128];
	size_t found = 0;
	int number;

	if (!file) {
		print_message("%s is not here; its column is not compared\n", path);
		return;
	}
	while (fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, prefix);

		if (!at || sscanf(at + strlen(prefix), "%127s %d", name, &number) != 2)
			continue;
		for (size_t i = 0; i < call_number_count; i++) {
			if (strcmp(call_numbers[i].name, name) != 0 || call_numbers[i].numbers[arch] < 0)
				continue;
			found++;
			if (call_numbers[i].numbers[arch] != number)
				fail_msg("%s: %s is %d, not %d", path, name, number, call_numbers[i].numbers[arch]);
		}
	}
	fclose(file);
	assert_true(found > 60);
}

static void numbers_are_those_of_the_kernel(void **state)
{
	(void)state;
	compare_column("/usr/include/x86_64-linux-gnu/asm/unistd_64.h", ARCH_X86_64, "define __NR_");
	compare_column("/usr/include/x86_64-linux-gnu/asm/unistd_32.h", ARCH_I386, "define __NR_");
	compare_column("/usr/include/asm-generic/unistd.h", ARCH_ARM64, "define __NR_");
}

static void io_uring_can_be_refused(void **state)
{
	static struct filter filter;
	struct sensor_wants wants = { .refuses_io_uring = true };
	struct err err;

	(void)state;
	assert_int_equal(filter_build(&wants, sensors, &filter, &err), 0);
	assert_int_equal(answer(&filter, SYS_io_uring_setup, 8, 0, 0), REFUSED);
	/* who wants to hear of it gets a stop, and the tracer refuses it there; without a tracer the kernel does */
	wants.calls[SENSOR_IO_URING_SETUP] = true;
	assert_int_equal(filter_build(&wants, sensors, &filter, &err), 0);
	assert_int_equal(answer(&filter, SYS_io_uring_setup, 8, 0, 0), SECCOMP_RET_TRACE);
}

static void an_open_that_only_reads_does_not_stop(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, true, false);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY | O_DIRECTORY), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDWR), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY | O_CREAT), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY | O_TRUNC), SECCOMP_RET_TRACE);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_TMPFILE), SECCOMP_RET_TRACE);
	/* arm64 never had the older call, whose arguments stand elsewhere */
	if (native("open") >= 0) {
		assert_int_equal(answer(&filter, native("open"), 0, O_RDONLY | O_CLOEXEC, 0), SECCOMP_RET_ALLOW);
		assert_int_equal(answer(&filter, native("open"), 0, O_WRONLY, 0), SECCOMP_RET_TRACE);
	}
}

static void reads_stop_when_they_are_wanted(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, true, true);
	assert_int_equal(answer(&filter, SYS_openat, 0, 0, O_RDONLY), SECCOMP_RET_TRACE);
	if (native("open") >= 0)
		assert_int_equal(answer(&filter, native("open"), 0, O_RDONLY, 0), SECCOMP_RET_TRACE);
}

static void what_no_rule_needs_does_not_stop(void **state)
{
	static struct filter filter;

	(void)state;
	build(&filter, false, false);
	assert_int_equal(answer(&filter, SYS_unlinkat, 0, 0, 0), SECCOMP_RET_ALLOW);
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

#ifdef ARCH_SECOND
static void the_second_table_has_numbers_of_its_own(void **state)
{
	static struct filter filter;
	struct seccomp_data i386 = { .nr = 5, .arch = AUDIT_ARCH_I386, .args = { 0, O_WRONLY } };
	struct seccomp_data clone3 = { .nr = 435, .arch = AUDIT_ARCH_I386 };
	struct seccomp_data connect = { .nr = 102, .arch = AUDIT_ARCH_I386, .args = { 3 } };

	(void)state;
	build(&filter, true, false);
	assert_int_equal(run_filter(&filter, &i386), SECCOMP_RET_TRACE);
	i386.args[1] = O_RDONLY;
	assert_int_equal(run_filter(&filter, &i386), SECCOMP_RET_ALLOW);
	assert_int_equal(run_filter(&filter, &clone3), REFUSED);
	assert_int_equal(run_filter(&filter, &connect), SECCOMP_RET_TRACE);
	build(&filter, false, false);
	assert_int_equal(run_filter(&filter, &connect), SECCOMP_RET_ALLOW);
}
#endif

static void other_instruction_sets_are_refused(void **state)
{
	static struct filter filter;
	struct seccomp_data arm = { .nr = 5, .arch = AUDIT_ARCH_ARM };

	(void)state;
	build(&filter, false, false);
	assert_int_equal(run_filter(&filter, &arm), REFUSED);
#ifdef ARCH_FOREIGN_NR
	assert_int_equal(answer(&filter, (int)(ARCH_FOREIGN_NR | SYS_openat), 0, 0, O_WRONLY), REFUSED);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wanted_call_stops_and_no_other),
		cmocka_unit_test(the_filter_tests_arguments_as_the_table_says),
		cmocka_unit_test(signals_to_the_sensor_stop),
		cmocka_unit_test(numbers_are_those_of_the_kernel),
		cmocka_unit_test(io_uring_can_be_refused),
#ifdef ARCH_SECOND
		cmocka_unit_test(the_second_table_has_numbers_of_its_own),
#endif
		cmocka_unit_test(an_open_that_only_reads_does_not_stop),
		cmocka_unit_test(reads_stop_when_they_are_wanted),
		cmocka_unit_test(what_no_rule_needs_does_not_stop),
		cmocka_unit_test(nothing_escapes_by_clone),
		cmocka_unit_test(other_instruction_sets_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
