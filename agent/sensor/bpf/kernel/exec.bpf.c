/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* A program was started: its file, arguments and folder, copied now because it may be gone in a millisecond. */
#include "agent/sensor/bpf/kernel/emit.bpf.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

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
	draft_send(draft, true);
	return 0;
}
