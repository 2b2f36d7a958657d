/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Run once by the agent on itself: who it is in the kernel's own numbers, whatever pid namespace it lives in. */
#include "agent/sensor/bpf/kernel/task.bpf.h"

char LICENSE[] SEC("license") = "GPL";

SEC("raw_tp")
int self(void *context)
{
	struct task_struct *task = task_current();
	__u32 level = BPF_CORE_READ(task, thread_pid, level);

	(void)context;
	self_pid = bpf_get_current_pid_tgid() >> 32;
	self_level = level;
	task_number(task, level, &self_namespace);
	return 0;
}
