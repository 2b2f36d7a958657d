/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* How a record is begun, filled and sent. */
#pragma once

#include "agent/sensor/bpf/kernel/task.bpf.h"

#define AT_FDCWD	  (-100)
#define FOLDER_DEPTH_MAX  64
#define NAME_MAX_WITH_NUL 256

static __always_inline struct draft *draft_begin(enum draft_of which, __u16 kind, struct task_struct *task)
{
	__u32 key = which;
	struct draft *draft = bpf_map_lookup_elem(&drafts, &key);

	if (!draft)
		return NULL;
	__builtin_memset(&draft->head, 0, sizeof(draft->head));
	draft->head.kind = kind;
	draft->head.boot_ns = bpf_ktime_get_boot_ns();
	draft->head.tid = task_tid(task);
	draft->head.pid = task_pid(task);
	if (!draft->head.pid)
		return NULL;
	draft->head.length = sizeof(draft->head);
	draft->head.ppid = task_pid(BPF_CORE_READ(task, real_parent));
	draft->head.uid = BPF_CORE_READ(task, cred, euid.val);
	draft->head.gid = BPF_CORE_READ(task, cred, egid.val);
	draft->head.cgroup = bpf_get_current_cgroup_id();
	draft->head.mount_namespace = BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
	bpf_get_current_comm(draft->head.comm, sizeof(draft->head.comm));
	return draft;
}

/* Where the next text goes, or NULL when the texts are full. */
static __always_inline char *draft_room(struct draft *draft)
{
	__u64 at = draft->head.length - sizeof(draft->head);

	if (at > WIRE_TEXTS_MAX - 1)
		return NULL;
	/* the compiler drops the mask as useless, the verifier does not follow the comparison without it */
	barrier_var(at);
	at &= WIRE_TEXTS_MAX - 1;
	return draft->text + at;
}

/* Length includes the NUL; 0 and less: there is no such text. */
static __always_inline void draft_grown(struct draft *draft, enum wire_text text, long length)
{
	if (length <= 0 || length > WIRE_TEXT_MAX)
		return;
	draft->head.text_length[text] += length;
	draft->head.length += length;
	draft->head.bits |= WIRE_HAS(text);
}

static __always_inline void draft_user_text(struct draft *draft, enum wire_text text, const void *address)
{
	char *room = draft_room(draft);

	if (room && address)
		draft_grown(draft, text, bpf_probe_read_user_str(room, WIRE_TEXT_MAX, address));
}

struct place {
	struct dentry *dentry;
	struct vfsmount *mount;
};

static __always_inline struct place place_of(const struct path *path)
{
	struct place place = { BPF_CORE_READ(path, dentry), BPF_CORE_READ(path, mnt) };

	return place;
}

/* Up one folder, through mount points; false at the root of everything. */
static __always_inline bool place_leave_mount(struct place *place)
{
	struct vfsmount *inner = place->mount;
	struct mount *mount = (void *)inner - bpf_core_field_offset(struct mount, mnt);
	struct mount *parent = BPF_CORE_READ(mount, mnt_parent);

	if (parent == mount || !parent)
		return false;
	place->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	place->mount = (void *)parent + bpf_core_field_offset(struct mount, mnt);
	return true;
}

/* Writes the names from place up to the root of the process. What is deeper than the limit is not known. */
static __always_inline void draft_folder(struct draft *draft, enum wire_text text, struct place place,
					 struct place root)
{
	__u32 before = draft->head.length;

	for (int i = 0; i < FOLDER_DEPTH_MAX; i++) {
		struct dentry *dentry = place.dentry, *parent;
		struct vfsmount *mount = place.mount;
		char *room;
		long length;

		if (!dentry || !mount)
			break;
		if (dentry == root.dentry && mount == root.mount) {
			draft->head.bits |= WIRE_HAS(text);
			return;
		}
		if (dentry == BPF_CORE_READ(mount, mnt_root)) {
			if (place_leave_mount(&place))
				continue;
			draft->head.bits |= WIRE_HAS(text);
			return;
		}
		parent = BPF_CORE_READ(dentry, d_parent);
		room = draft_room(draft);
		if (!room || parent == dentry)
			break;
		length = bpf_probe_read_kernel_str(room, NAME_MAX_WITH_NUL, BPF_CORE_READ(dentry, d_name.name));
		if (length <= 0 || draft->head.text_length[text] + length > WIRE_TEXT_MAX)
			break;
		draft->head.text_length[text] += length;
		draft->head.length += length;
		place.dentry = parent;
	}
	draft->head.length = before;
	draft->head.text_length[text] = 0;
}

/* A relative path means nothing later: the folder it starts from is read now. */
static __noinline int draft_start_folder(struct draft *draft, __u32 text, __s32 dirfd)
{
	struct task_struct *task = task_current();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct file *file = NULL;

	if (!draft || !fs)
		return 0;
	if (dirfd != AT_FDCWD) {
		file = task_file(task, dirfd);
		if (!file)
			return 0;
	}
	draft_folder(draft, text == WIRE_FOLDER2 ? WIRE_FOLDER2 : WIRE_FOLDER,
		     place_of(file ? &file->f_path : &fs->pwd), place_of(&fs->root));
	return 0;
}

/* Copies the record into the ring. Below the watermark the reader is not woken: it looks every few milliseconds. */
static __always_inline void draft_send(struct draft *draft, bool is_urgent)
{
	__u32 key = 0, length = draft->head.length;
	struct wire_counts *count = bpf_map_lookup_elem(&counts, &key);
	__u64 flags = BPF_RB_NO_WAKEUP;

	if (!count)
		return;
	if (is_urgent || bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA) > WIRE_WATERMARK)
		flags = BPF_RB_FORCE_WAKEUP;
	if (length > sizeof(*draft) || bpf_ringbuf_output(&ring, draft, length, flags))
		__sync_fetch_and_add(&count->lost, 1);
	else
		__sync_fetch_and_add(&count->sent, 1);
}
