#include "agent/sensor/trace/filter.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "agent/sensor/trace/arch.h"
#include "agent/sensor/trace/calls.h"

#define LEAF_CALLS 4  /* calls tested one after the other at the end of the search tree */
#define RULES_MAX  64 /* rows that a filter can have */

#define REFUSE (SECCOMP_RET_ERRNO | ENOSYS)

/* One call: what to do, and with which bits of which argument. */
struct filter_rule {
	uint32_t number;
	uint32_t action;
	uint8_t arg; /* counted from 1; 0 = whatever the arguments */
	uint32_t mask;
};

static void add(struct filter *filter, uint16_t code, uint8_t jump_true, uint8_t jump_false, uint32_t value)
{
	if (filter->count < FILTER_MAX)
		filter->code[filter->count] = (struct sock_filter){ code, jump_true, jump_false, value };
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

static void add_rule(struct filter *filter, const struct filter_rule *rule)
{
	if (!rule->arg) {
		add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, rule->number);
		add_return(filter, rule->action);
		return;
	}
	add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, rule->number);
	add_load(filter, arg_offset(rule->arg));
	add(filter, BPF_JMP | BPF_JSET | BPF_K, 0, 1, rule->mask);
	add_return(filter, rule->action);
	add_return(filter, SECCOMP_RET_ALLOW);
}

/* A binary search tree: on kernels without the bitmap of constant answers (before 5.11) every call walks it. */
static void add_tree(struct filter *filter, const struct filter_rule *rules, size_t count)
{
	size_t middle = count / 2, jump;

	if (count <= LEAF_CALLS) {
		for (size_t i = 0; i < count; i++)
			add_rule(filter, &rules[i]);
		add_return(filter, SECCOMP_RET_ALLOW);
		return;
	}
	add(filter, BPF_JMP | BPF_JGE | BPF_K, 0, 1, rules[middle].number);
	jump = filter->count;
	add(filter, BPF_JMP | BPF_JA, 0, 0, 0);
	add_tree(filter, rules, middle);
	if (jump < FILTER_MAX)
		filter->code[jump].k = (uint32_t)(filter->count - jump - 1);
	add_tree(filter, rules + middle, count - middle);
}

static int by_number(const void *a, const void *b)
{
	const struct filter_rule *left = a, *right = b;

	return (left->number > right->number) - (left->number < right->number);
}

static size_t collect_rules(const struct sensor_wants *wants, struct filter_rule rules[RULES_MAX])
{
	size_t count = 0;

	/* A child made with CLONE_UNTRACED would run unseen; clone3 has its flags in memory, where no filter can look. */
	rules[count++] = (struct filter_rule){ SYS_clone, SECCOMP_RET_TRACE, 1, CLONE_UNTRACED };
	rules[count++] = (struct filter_rule){ SYS_clone3, REFUSE, 0, 0 };
	for (size_t i = 0; i < trace_call_count && count < RULES_MAX; i++) {
		const struct trace_call *row = &trace_calls[i];
		bool all = wants->reads && sensor_call_in(row->call, SENSOR_OPEN_CALLS);

		if (wants->calls[row->call])
			rules[count++] = (struct filter_rule){ row->number, SECCOMP_RET_TRACE,
							       all ? 0 : row->test_arg, row->test_mask };
	}
	qsort(rules, count, sizeof(*rules), by_number);
	return count;
}

int filter_build(const struct sensor_wants *wants, struct filter *ret, struct err *err)
{
	struct filter_rule rules[RULES_MAX];
	size_t count = collect_rules(wants, rules);

	ret->count = 0;
	add_load(ret, offsetof(struct seccomp_data, arch));
	add(ret, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCH_AUDIT);
	add_return(ret, REFUSE);
	add_load(ret, offsetof(struct seccomp_data, nr));
	add(ret, BPF_JMP | BPF_JGE | BPF_K, 0, 1, ARCH_FOREIGN_NR);
	add_return(ret, REFUSE);
	add_tree(ret, rules, count);
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
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
		return err_errno(err, ERR_FAILED, "could not install the seccomp filter");
	return 0;
}
