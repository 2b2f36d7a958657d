/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Facts about a task. */
#pragma once

#include "agent/sensor/bpf/kernel/maps.bpf.h"

#include <bpf/bpf_core_read.h>

#define PID_LEVELS_MAX	  32 /* MAX_PID_NS_LEVEL of the kernel */
#define SIGNAL_GROUP_EXIT 4u
#define FMODE_CREATED	  (1u << 20)

static __always_inline struct task_struct *task_current(void)
{
	return (struct task_struct *)bpf_get_current_task();
}

/* The number of task in its pid namespace number level, and which namespace that is. */
static __always_inline __u32 task_number(struct task_struct *task, __u32 level, __u32 *ret_namespace)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid upid = { 0 };
	__u32 stride = bpf_core_type_size(struct upid);

	if (!pid || level > PID_LEVELS_MAX || BPF_CORE_READ(pid, level) < level)
		return 0;
	struct upid *at = (void *)pid + bpf_core_field_offset(struct pid, numbers) + (__u64)stride * level;
	upid.nr = BPF_CORE_READ(at, nr);
	*ret_namespace = BPF_CORE_READ(at, ns, ns.inum);
	return upid.nr;
}

/* As the agent's pid namespace shows the task; 0: it does not. */
static __always_inline __u32 task_tid(struct task_struct *task)
{
	__u32 namespace = 0, number;

	if (!self_level)
		return BPF_CORE_READ(task, pid);
	number = task_number(task, self_level, &namespace);
	return namespace == self_namespace ? number : 0;
}

static __always_inline __u32 task_pid(struct task_struct *task)
{
	return task_tid(BPF_CORE_READ(task, group_leader));
}

static __always_inline struct file *task_file(struct task_struct *task, __s64 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (!table || fd < 0 || fd >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	return file;
}
