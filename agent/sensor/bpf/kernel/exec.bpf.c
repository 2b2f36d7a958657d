/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A program was started: its file, arguments and folder, copied now because it may be gone in a millisecond. */
#include "agent/sensor/bpf/kernel/emit.bpf.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define CGROUP_DEPTH_MAX 15 /* names of 255 bytes fill a text */

static __always_inline void draft_arguments(struct draft *draft, struct mm_struct *mm)
{
	unsigned long start = BPF_CORE_READ(mm, arg_start);
	__u64 length = BPF_CORE_READ(mm, arg_end) - start;
	char *room = draft_room(draft);

	if (!room || !length)
		return;
	if (length > WIRE_TEXT_MAX - 1) {
		length = WIRE_TEXT_MAX - 1;
		draft->head.bits |= WIRE_ARGS_CUT;
	}
	length &= WIRE_TEXT_MAX - 1;
	if (bpf_probe_read_user(room, length, (void *)start))
		return;
	room[length] = 0;
	draft_grown(draft, WIRE_ARGS, length + 1);
}

/* Of version 2 where that is in use, else the hierarchy of the pids controller, which container runtimes always set up. */
static __always_inline struct cgroup *task_cgroup(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *cgroup = BPF_CORE_READ(set, dfl_cgrp);
	struct cgroup_subsys_state *pids = NULL;

	if (BPF_CORE_READ(cgroup, level) > 0 || !bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		return cgroup;
	bpf_probe_read_kernel(&pids, sizeof(pids),
			      (void *)set + bpf_core_field_offset(struct css_set, subsys) +
				      sizeof(pids) * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id));
	return pids ? BPF_CORE_READ(pids, cgroup) : cgroup;
}

static __always_inline struct kernfs_node *node_parent(struct kernfs_node *node)
{
	struct kernfs_node___newer *newer = (void *)node;

	if (bpf_core_field_exists(newer->__parent))
		return BPF_CORE_READ(newer, __parent);
	return BPF_CORE_READ(node, parent);
}

static __always_inline void draft_cgroup(struct draft *draft, struct task_struct *task)
{
	struct kernfs_node *node = BPF_CORE_READ(task_cgroup(task), kn);

	for (int i = 0; i < CGROUP_DEPTH_MAX && node; i++) {
		struct kernfs_node *parent = node_parent(node);
		char *room = draft_room(draft);
		long length;

		if (!parent) {
			draft->head.bits |= WIRE_HAS(WIRE_CGROUP);
			return;
		}
		if (!room)
			return;
		length = bpf_probe_read_kernel_str(room, NAME_MAX_WITH_NUL, BPF_CORE_READ(node, name));
		if (length <= 0)
			return;
		draft_grown(draft, WIRE_CGROUP, length);
		node = parent;
	}
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct draft *draft = draft_begin(DRAFT_EXEC, WIRE_EXEC, task);
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct file *exe = BPF_CORE_READ(mm, exe_file);
	struct place root;
	char *room;

	(void)old_pid;
	if (!draft)
		return 0;
	room = draft_room(draft);
	if (room)
		draft_grown(draft, WIRE_PATH,
			    bpf_probe_read_kernel_str(room, WIRE_TEXT_MAX, BPF_CORE_READ(bprm, filename)));
	draft_arguments(draft, mm);
	root = place_of(&fs->root);
	if (exe)
		draft_folder(draft, WIRE_REAL, place_of(&exe->f_path), root);
	draft_folder(draft, WIRE_FOLDER, place_of(&fs->pwd), root);
	draft_cgroup(draft, task);
	draft_send(draft, true);
	return 0;
}
