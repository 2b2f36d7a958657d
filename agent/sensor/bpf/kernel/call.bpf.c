/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * System calls, at their end: what a call does is read from a table that the agent fills, so that this file knows no
 * call by name. Attached only if some call is wanted; every call of the machine passes the first few lines.
 */
#include "agent/sensor/bpf/kernel/emit.bpf.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

#define TS_COMPAT   2u		/* thread_info.status: a 32-bit call (int 0x80, or a 32-bit program) */
#define X32_BIT	    0x40000000u /* x32 calls have it set and are numbered as 64-bit ones below 512 */
#define CREAT_FLAGS (01u | 0100u | 01000u)

const volatile struct wire_shape calls[WIRE_CALLS] = { 0 };
const volatile struct wire_shape calls_compat[WIRE_CALLS] = { 0 };

struct how { /* struct open_how, as programs pass it */
	__u64 flags, mode, resolve;
};

struct arguments {
	__u64 at[8]; /* [0] and [7] stay 0: what a shape does not have */
};

static __always_inline void arguments_read(struct arguments *args, struct pt_regs *regs, bool is_compat)
{
	args->at[0] = args->at[7] = 0;
	if (is_compat) {
		args->at[1] = (__u32)regs->bx;
		args->at[2] = (__u32)regs->cx;
		args->at[3] = (__u32)regs->dx;
		args->at[4] = (__u32)regs->si;
		args->at[5] = (__u32)regs->di;
		args->at[6] = (__u32)regs->bp;
		return;
	}
	args->at[1] = regs->di;
	args->at[2] = regs->si;
	args->at[3] = regs->dx;
	args->at[4] = regs->r10;
	args->at[5] = regs->r8;
	args->at[6] = regs->r9;
}

#define ARGUMENT(args, index) ((args)->at[(index)&7])

struct picked {
	__u64 path, path2;
	__u32 flags, mode;
	__s32 dirfd, dirfd2;
};

static __always_inline void arguments_pick(const struct arguments *args, const volatile struct wire_shape *shape,
					   struct picked *picked)
{
	__u8 path = shape->path, path2 = shape->path2, flags = shape->flags, mode = shape->mode;
	__u8 dirfd = shape->dirfd, dirfd2 = shape->dirfd2;

	picked->path = ARGUMENT(args, path);
	picked->path2 = ARGUMENT(args, path2);
	picked->flags = ARGUMENT(args, flags);
	picked->mode = ARGUMENT(args, mode);
	picked->dirfd = dirfd ? (__s32)ARGUMENT(args, dirfd) : AT_FDCWD;
	picked->dirfd2 = dirfd2 ? (__s32)ARGUMENT(args, dirfd2) : AT_FDCWD;
	if (shape->has_how) {
		struct how how = { 0 };

		bpf_probe_read_user(&how, sizeof(how), (void *)ARGUMENT(args, flags));
		picked->flags = how.flags;
		picked->mode = how.mode;
	}
	if (shape->fixed_flags)
		picked->flags = CREAT_FLAGS;
}

/* The open file says which file it really is, and whether this open made it. */
static __noinline int draft_opened(struct draft *draft, int fd)
{
	struct task_struct *task = task_current();
	struct file *file = task_file(task, fd);
	struct fs_struct *fs = BPF_CORE_READ(task, fs);

	if (!draft || !file || !fs)
		return 0;
	draft->head.bits |= WIRE_OPENED;
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		draft->head.bits |= WIRE_CREATED;
	draft_folder(draft, WIRE_REAL, place_of(&file->f_path), place_of(&fs->root));
	return 0;
}

/* Reads a path; true if it is relative. */
static __always_inline bool draft_path(struct draft *draft, enum wire_text text, __u64 address)
{
	char *room = draft_room(draft);

	if (!room || !address)
		return false;
	room[0] = 0;
	draft_user_text(draft, text, (void *)address);
	return draft->head.text_length[text] && room[0] != '/';
}

static __always_inline int report(struct pt_regs *regs, long result, bool is_compat,
				  const volatile struct wire_shape *shape)
{
	struct task_struct *task = task_current();
	bool is_open = shape->is_open, is_relative, is_relative2;
	struct arguments args;
	struct picked picked;
	struct draft *draft;

	arguments_read(&args, regs, is_compat);
	arguments_pick(&args, shape, &picked);
	if (is_open && !wants_reads && !(picked.flags & OPEN_WRITES))
		return 0;
	draft = draft_begin(DRAFT_CALL, WIRE_CALL, task);
	if (!draft)
		return 0;
	draft->head.call = shape->call;
	draft->head.result = is_compat ? (int)result : result;
	draft->head.flags = picked.flags;
	draft->head.mode = picked.mode;
	draft->head.dirfd = picked.dirfd;
	draft->head.dirfd2 = picked.dirfd2;
	is_relative = draft_path(draft, WIRE_PATH, picked.path);
	is_relative2 = draft_path(draft, WIRE_PATH2, picked.path2);
	if (is_open && result >= 0)
		draft_opened(draft, result);
	if (is_relative)
		draft_start_folder(draft, WIRE_FOLDER, picked.dirfd);
	if (is_relative2)
		draft_start_folder(draft, WIRE_FOLDER2, picked.dirfd2);
	draft_send(draft, false);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_call, struct pt_regs *regs, long result)
{
	__u64 number = (__u32)regs->orig_ax & ~X32_BIT;
	const volatile struct wire_shape *shape;
	bool is_compat;

	if (number >= WIRE_CALLS)
		return 0;
	barrier_var(number);
	number &= WIRE_CALLS - 1;
	if (!calls[number].is_wanted && !calls_compat[number].is_wanted)
		return 0;
	is_compat = BPF_CORE_READ(task_current(), thread_info.status) & TS_COMPAT;
	shape = is_compat ? &calls_compat[number] : &calls[number];
	if (!shape->is_wanted || bpf_get_current_pid_tgid() >> 32 == self_pid)
		return 0;
	return report(regs, result, is_compat, shape);
}
