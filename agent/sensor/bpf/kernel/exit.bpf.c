/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The last thread of a process ended. */
#include "agent/sensor/bpf/kernel/emit.bpf.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define ENDED_MAX 4096

struct life {
	__u64 start_ns;
	__u64 tgid;
};

/* Processes that were reported just now. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, ENDED_MAX);
	__type(key, struct life);
	__type(value, __u8);
} ended SEC(".maps");

/* Of threads that end at the same moment, each may find that none is left; the first one to come here speaks. */
static __always_inline bool is_first_to_tell(struct task_struct *task)
{
	struct life life = { BPF_CORE_READ(task, group_leader, start_boottime), BPF_CORE_READ(task, tgid) };
	__u8 one = 1;

	return bpf_map_update_elem(&ended, &life, &one, BPF_NOEXIST) == 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct draft *draft;

	/* the kernel counts down before it comes here */
	if (BPF_CORE_READ(signal, live.counter) != 0 || !is_first_to_tell(task))
		return 0;
	draft = draft_begin(DRAFT_EXIT, WIRE_EXIT, task);
	if (!draft)
		return 0;
	if (BPF_CORE_READ(signal, flags) & SIGNAL_GROUP_EXIT)
		draft->head.result = BPF_CORE_READ(signal, group_exit_code);
	else
		draft->head.result = BPF_CORE_READ(task, group_leader, exit_code);
	draft_send(draft, false);
	return 0;
}
