/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* The last thread of a process ended. */
#include "agent/sensor/bpf/kernel/emit.bpf.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct signal_struct *signal = BPF_CORE_READ(task, signal);
	struct draft *draft;

	/* the kernel counts down before it comes here */
	if (BPF_CORE_READ(signal, live.counter) != 0)
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
