/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * File operations through io_uring, which end no system call. Seen when they are handed in: how they ended is not known.
 * Paths are the kernel's own copies, which no program can change any more. Older kernels name the hook otherwise.
 */
#include "agent/sensor/bpf/kernel/emit.bpf.h"

#include <bpf/bpf_tracing.h>

char LICENSE[] SEC("license") = "GPL";

const volatile struct wire_op ops[WIRE_OPS] = { 0 };

/* IORING_OP_*, which are fixed for ever */
enum { OP_OPENAT = 18, OP_OPENAT2 = 28, OP_RENAMEAT = 35, OP_UNLINKAT, OP_MKDIRAT, OP_SYMLINKAT, OP_LINKAT };

struct wanted_path {
	struct filename *name;
	__s32 dirfd;
};

struct operation {
	struct wanted_path path, path2;
	__u32 flags, mode;
	bool is_open;
};

static __always_inline void operation_two(struct operation *operation, void *request, bool is_rename)
{
	struct io_rename *rename = request;
	struct io_link *link = request;

	if (is_rename) {
		operation->path.name = BPF_CORE_READ(rename, oldpath);
		operation->path.dirfd = BPF_CORE_READ(rename, old_dfd);
		operation->path2.name = BPF_CORE_READ(rename, newpath);
		operation->path2.dirfd = BPF_CORE_READ(rename, new_dfd);
		operation->flags = BPF_CORE_READ(rename, flags);
		return;
	}
	operation->path.name = BPF_CORE_READ(link, oldpath);
	operation->path.dirfd = BPF_CORE_READ(link, old_dfd);
	operation->path2.name = BPF_CORE_READ(link, newpath);
	operation->path2.dirfd = BPF_CORE_READ(link, new_dfd);
	operation->flags = BPF_CORE_READ(link, flags);
}

static __always_inline void operation_one(struct operation *operation, void *request, __u8 op)
{
	struct io_open *open = request;
	struct io_unlink *unlink = request;
	struct io_mkdir *mkdir = request;

	if (op == OP_UNLINKAT) {
		operation->path.name = BPF_CORE_READ(unlink, filename);
		operation->path.dirfd = BPF_CORE_READ(unlink, dfd);
		operation->flags = BPF_CORE_READ(unlink, flags);
	} else if (op == OP_MKDIRAT) {
		operation->path.name = BPF_CORE_READ(mkdir, filename);
		operation->path.dirfd = BPF_CORE_READ(mkdir, dfd);
		operation->mode = BPF_CORE_READ(mkdir, mode);
	} else {
		operation->is_open = true;
		operation->path.name = BPF_CORE_READ(open, filename);
		operation->path.dirfd = BPF_CORE_READ(open, dfd);
		operation->flags = BPF_CORE_READ(open, how.flags);
		operation->mode = BPF_CORE_READ(open, how.mode);
	}
}

/* True if the path is relative. */
static __always_inline bool draft_kernel_path(struct draft *draft, enum wire_text text, struct filename *name)
{
	char *room = draft_room(draft);

	if (!room || !name)
		return false;
	room[0] = 0;
	draft_grown(draft, text, bpf_probe_read_kernel_str(room, WIRE_TEXT_MAX, BPF_CORE_READ(name, name)));
	return draft->head.text_length[text] && room[0] != '/';
}

static __always_inline void swap(struct operation *operation)
{
	struct wanted_path path = operation->path;

	operation->path = operation->path2;
	operation->path2 = path;
}

SEC("tp_btf/io_uring_submit_req")
int BPF_PROG(on_uring, struct io_kiocb *request)
{
	__u64 op = BPF_CORE_READ(request, opcode) & (WIRE_OPS - 1);
	const volatile struct wire_op *row = &ops[op];
	struct operation operation = { 0 };
	bool is_relative, is_relative2;
	struct draft *draft;

	if (!row->is_wanted || bpf_get_current_pid_tgid() >> 32 == self_pid)
		return 0;
	if (op == OP_RENAMEAT || op == OP_LINKAT || op == OP_SYMLINKAT)
		operation_two(&operation, request, op == OP_RENAMEAT);
	else
		operation_one(&operation, request, op);
	/* path is the link, path2 what it says */
	if (op == OP_SYMLINKAT)
		swap(&operation);
	if (operation.is_open && !wants_reads && !(operation.flags & OPEN_WRITES))
		return 0;
	draft = draft_begin(DRAFT_RING, WIRE_CALL, task_current());
	if (!draft)
		return 0;
	draft->head.call = row->call;
	draft->head.bits |= WIRE_BEGUN;
	draft->head.flags = operation.flags;
	draft->head.mode = operation.mode;
	draft->head.dirfd = operation.path.dirfd;
	draft->head.dirfd2 = operation.path2.dirfd;
	is_relative = draft_kernel_path(draft, WIRE_PATH, operation.path.name);
	is_relative2 = draft_kernel_path(draft, WIRE_PATH2, operation.path2.name) && op != OP_SYMLINKAT;
	if (is_relative)
		draft_start_folder(draft, WIRE_FOLDER, operation.path.dirfd);
	if (is_relative2)
		draft_start_folder(draft, WIRE_FOLDER2, operation.path2.dirfd);
	draft_send(draft, false);
	return 0;
}
