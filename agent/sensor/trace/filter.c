#include "agent/sensor/trace/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/sensor/trace/calls.h"
#include "base/attr.h"

#define LEAF_CALLS    4 /* calls tested one after the other at the end of the search tree */
#define SIGNALLED_MAX (2 * FILTER_SENSORS_MAX + 1)
#define RULES_MAX     256 /* calls that a filter can name in one table */

#define REFUSE (SECCOMP_RET_ERRNO | ENOSYS)

/* One call: what to do, if its arguments pass the tests. */
struct filter_rule {
	uint32_t number;
	uint32_t action;
	const struct sensor_test *tests; /* SENSOR_TESTS_MAX of them; NULL = whatever the arguments */
};

static const struct sensor_test clone_tests[SENSOR_TESTS_MAX] = {
	{ .kind = TEST_ANY_BIT, .arg = 1, .value = CLONE_UNTRACED | CLONE_NEWPID | CLONE_NEWUSER }
};

static void add(struct filter *filter, uint16_t code, size_t jump_true, size_t jump_false, uint32_t value)
{
	if (filter->count < FILTER_MAX)
		filter->code[filter->count] =
			(struct sock_filter){ code, (uint8_t)jump_true, (uint8_t)jump_false, value };
	filter->count++;
}

static void add_return(struct filter *filter, uint32_t action)
{
	add(filter, BPF_RET | BPF_K, 0, 0, action);
}

static void add_load(struct filter *filter, size_t offset)
{
	add(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* The low half of an argument: flags and modes are 32 bits wide, and x86-64 and arm64 are little-endian. */
static size_t arg_offset(uint8_t arg)
{
	return offsetof(struct seccomp_data, args) + (arg - 1u) * sizeof(uint64_t);
}

static void add_list(struct filter *filter, const uint32_t *list, size_t count, size_t skip_pass, size_t skip_fail)
{
	for (size_t i = 0; i < count; i++)
		add(filter, BPF_JMP | BPF_JEQ | BPF_K, count - 1 - i + skip_pass, i + 1 == count ? skip_fail : 0,
		    list[i]);
}

/* What a signal to the sensor names: each of its processes, a group of each, or everybody. */
static size_t list_signalled(const pid_t *sensors, uint32_t out[SIGNALLED_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < FILTER_SENSORS_MAX; i++) {
		if (sensors[i] <= 1)
			continue;
		out[count++] = (uint32_t)sensors[i];
		out[count++] = (uint32_t)-sensors[i];
	}
	out[count++] = UINT32_MAX;
	return count;
}

/* Code for one test: what passes jumps over skip_pass instructions behind it, the rest over skip_fail. */
static void add_test(struct filter *filter, const struct sensor_test *test, const pid_t *sensors, size_t skip_pass,
		     size_t skip_fail)
{
	uint32_t signalled[SIGNALLED_MAX];

	add_load(filter, arg_offset(test->arg));
	switch (test->kind) {
	case TEST_ANY_BIT:
		add(filter, BPF_JMP | BPF_JSET | BPF_K, skip_pass, skip_fail, test->value);
		break;
	case TEST_AT_MOST:
		add(filter, BPF_JMP | BPF_JGT | BPF_K, skip_fail, skip_pass, test->value);
		break;
	case TEST_NOT:
		add(filter, BPF_JMP | BPF_JEQ | BPF_K, skip_fail, skip_pass, test->value);
		break;
	case TEST_ONE_OF:
		add_list(filter, test->list, test->value, skip_pass, skip_fail);
		break;
	case TEST_SENSOR:
		add_list(filter, signalled, list_signalled(sensors, signalled), skip_pass, skip_fail);
		break;
	case TEST_NOT_NULL:
		add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 2 + skip_pass, 0);
		add_load(filter, arg_offset(test->arg) + sizeof(uint32_t));
		add(filter, BPF_JMP | BPF_JEQ | BPF_K, skip_fail, skip_pass, 0);
		break;
	case TEST_NONE:
		break;
	}
}

static void add_tests(struct filter *filter, const struct filter_rule *rule, const pid_t *sensors)
{
	const struct sensor_test *tests = rule->tests;

	for (size_t i = 0; tests && i < SENSOR_TESTS_MAX && tests[i].kind; i++) {
		bool is_last = i + 1 == SENSOR_TESTS_MAX || !tests[i + 1].kind;

		if (!is_last && tests[i + 1].is_or) {
			add_test(filter, &tests[i], sensors, 0, 1);
			add_return(filter, rule->action);
		} else {
			add_test(filter, &tests[i], sensors, 1, 0);
			add_return(filter, SECCOMP_RET_ALLOW);
		}
	}
	add_return(filter, rule->action);
}

static void add_rule(struct filter *filter, const struct filter_rule *rule, const pid_t *sensors)
{
	size_t jump = filter->count;

	add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, rule->number);
	add_tests(filter, rule, sensors);
	if (jump < FILTER_MAX)
		filter->code[jump].jf = (uint8_t)(filter->count - jump - 1);
}

/* A binary search tree: on kernels without the bitmap of constant answers (before 5.11) every call walks it. */
static void add_tree(struct filter *filter, const struct filter_rule *rules, size_t count, const pid_t *sensors)
{
	size_t middle = count / 2, jump;

	if (count <= LEAF_CALLS) {
		for (size_t i = 0; i < count; i++)
			add_rule(filter, &rules[i], sensors);
		add_return(filter, SECCOMP_RET_ALLOW);
		return;
	}
	add(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, rules[middle].number);
	jump = filter->count;
	add(filter, BPF_JMP | BPF_JA, 0, 0, 0);
	add_tree(filter, rules, middle, sensors);
	if (jump < FILTER_MAX)
		filter->code[jump].k = (uint32_t)(filter->count - jump - 1);
	add_tree(filter, rules + middle, count - middle, sensors);
}

static int by_number(const void *a, const void *b)
{
	const struct filter_rule *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

/* Execs that succeed are told without a stop of the filter. */
static bool is_wanted(const struct sensor_wants *wants, enum sensor_call call)
{
	if (sensor_call_changes_root(call))
		return true;
	return wants->calls[call] && (wants->failed_execs || !sensor_call_in(call, SENSOR_LIFE_CALLS));
}

static const struct sensor_test *tests_of(const struct sensor_wants *wants, enum sensor_call call)
{
	bool all = wants->untested[call] || (wants->reads && sensor_call_in(call, SENSOR_OPEN_CALLS));

	return all || !sensor_call_rows[call].tests[0].kind ? NULL : sensor_call_rows[call].tests;
}

static bool wants_sockets(const struct sensor_wants *wants)
{
	for (int call = 0; call < SENSOR_CALL_COUNT; call++) {
		if (wants->calls[call] && sensor_call_in((enum sensor_call)call, SENSOR_NETWORK_CALLS))
			return true;
	}
	return false;
}

static size_t collect_rules(const struct sensor_wants *wants, enum arch arch, struct filter_rule rules[RULES_MAX])
{
	const struct arch_info *info = &arch_infos[arch];
	size_t count = 0;

	/*
	 * A child made with CLONE_UNTRACED would run unseen, one in new namespaces of pids or users have other
	 * numbers than it is known by; clone3 has its flags in memory, where no filter can look.
	 */
	rules[count++] = (struct filter_rule){ (uint32_t)info->clone, SECCOMP_RET_TRACE, clone_tests };
	rules[count++] = (struct filter_rule){ (uint32_t)info->clone3, REFUSE, NULL };
	if (info->socketcall >= 0 && wants_sockets(wants))
		rules[count++] = (struct filter_rule){ (uint32_t)info->socketcall, SECCOMP_RET_TRACE, NULL };
	for (size_t i = 0; i < call_number_count && count < RULES_MAX; i++) {
		enum sensor_call call = call_numbers[i].call;
		int number = call_numbers[i].numbers[arch];

		if (number < 0)
			continue;
		/* Who wants to hear of it has the tracer refuse it. */
		if (call == SENSOR_IO_URING_SETUP && wants->refuses_io_uring && !wants->calls[call])
			rules[count++] = (struct filter_rule){ (uint32_t)number, REFUSE, NULL };
		else if (is_wanted(wants, call))
			rules[count++] =
				(struct filter_rule){ (uint32_t)number, SECCOMP_RET_TRACE, tests_of(wants, call) };
	}
	qsort(rules, count, sizeof(*rules), by_number);
	return count;
}

/* The calls of one table; anything else goes on behind it. */
static void add_table(struct filter *filter, const struct sensor_wants *wants, enum arch arch, const pid_t *sensors)
{
	struct filter_rule rules[RULES_MAX];
	size_t count = collect_rules(wants, arch, rules), jump;

	add(filter, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, arch_infos[arch].audit);
	jump = filter->count;
	add(filter, BPF_JMP | BPF_JA, 0, 0, 0);
	add_load(filter, offsetof(struct seccomp_data, nr));
#ifdef ARCH_FOREIGN_NR
	if (arch == ARCH_NATIVE) {
		add(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, ARCH_FOREIGN_NR);
		add_return(filter, REFUSE);
	}
#endif
	add_tree(filter, rules, count, sensors);
	if (jump < FILTER_MAX)
		filter->code[jump].k = (uint32_t)(filter->count - jump - 1);
}

int filter_build(const struct sensor_wants *wants, const pid_t sensors[FILTER_SENSORS_MAX], struct filter *ret,
		 struct err *err)
{
	ret->count = 0;
	add_load(ret, offsetof(struct seccomp_data, arch));
	add_table(ret, wants, ARCH_NATIVE, sensors);
#ifdef ARCH_SECOND
	add_table(ret, wants, ARCH_SECOND, sensors);
#endif
	add_return(ret, REFUSE);
	if (ret->count > FILTER_MAX)
		return err_set(err, ERR_LIMIT, "the filter needs %zu instructions, but may have %d at the most",
			       ret->count, FILTER_MAX);
	return 0;
}

int filter_install(const struct filter *filter, struct err *err)
{
	struct sock_fprog program = { (unsigned short)filter->count, (struct sock_filter *)filter->code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, ERR_DENIED, "could not set no_new_privs");
	/* Without the flag, kernels before 5.16 slow the process down against a speculation that filters do not help. */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) < 0)
		return err_errno(err, ERR_FAILED, "could not install the seccomp filter");
	return 0;
}
