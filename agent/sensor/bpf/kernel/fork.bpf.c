/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A process was made (not a thread). Reported before the child runs, so that its first event finds a parent. */
#include "agent/sensor/bpf/kernel/emit.bpf.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct draft *draft;

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0;
	draft = draft_begin(DRAFT_FORK, WIRE_FORK, parent);
	if (!draft)
		return 0;
	draft->head.child = task_tid(child);
	draft->head.result = draft->head.child;
	if (draft->head.child)
		draft_send(draft, false);
	return 0;
}
