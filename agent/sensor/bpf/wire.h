/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* wire.h: what passes between the BPF programs and the agent: ring records, and the table of calls. */
#pragma once

#include <linux/types.h>

#define WIRE_CALLS     512   /* system call numbers looked at; above it nothing is reported */
#define WIRE_OPS       64    /* io_uring operations looked at */
#define WIRE_TEXT_MAX  4096  /* of one text, with its NUL; what is longer is cut */
#define WIRE_TEXTS_MAX 16384 /* of all texts of a record */
#define WIRE_COMM_MAX  16
#define WIRE_RING_SIZE (16u << 20)
#define WIRE_WATERMARK (1u << 20) /* bytes waiting in the ring from which on the reader is woken */

/* What a record tells of. */
enum wire_kind { WIRE_CALL, WIRE_EXEC, WIRE_FORK, WIRE_EXIT, WIRE_KIND_COUNT };

/*
 * Texts of a record, one behind the other in this order. A folder is the names from the leaf up to the root of the
 * process, each ended by NUL; it is empty for the root itself, so that whether it is known is a bit of the head.
 */
enum wire_text {
	WIRE_PATH,
	WIRE_PATH2,
	WIRE_ARGS,   /* as in /proc/PID/cmdline */
	WIRE_REAL,   /* folder: the file that was executed or opened, links followed */
	WIRE_FOLDER, /* folder: what path is relative to; of an exec: the current folder */
	WIRE_FOLDER2,
	WIRE_CGROUP, /* folder: the control group of an exec, within its hierarchy */
	WIRE_TEXT_COUNT
};

#define WIRE_HAS(text) (1u << (text))
#define WIRE_ARGS_CUT  (1u << 8)
#define WIRE_OPENED    (1u << 9)  /* the open file was found, so that WIRE_CREATED means something */
#define WIRE_BEGUN     (1u << 11) /* only the beginning was seen: result means nothing */
#define WIRE_CREATED   (1u << 10) /* this call created the file */

struct wire_head {
	__u32 length; /* of the record, head and texts */
	__u16 kind;
	__u16 call; /* WIRE_CALL: enum sensor_call */
	__u64 boot_ns;
	__s64 result;
	__u64 cgroup;
	__u32 tid, pid, ppid, child;
	__u32 uid, gid; /* effective, in the first user namespace */
	__u32 flags, mode;
	__s32 dirfd, dirfd2;
	__u32 mount_namespace;
	__u32 bits;
	char comm[WIRE_COMM_MAX];
	__u16 text_length[WIRE_TEXT_COUNT]; /* with the final NUL */
	__u16 unused;
};
_Static_assert(sizeof(struct wire_head) == 112, "both sides were compiled from the same layout");
_Static_assert(WIRE_TEXT_MAX <= 65535, "text_length holds every length");

/* One row per system call number: which arguments (1 to 6, 0 = none) are what. */
struct wire_shape {
	__u8 is_wanted;
	__u8 is_open;	  /* flags decide whether it is of interest, the result is a file descriptor */
	__u8 has_how;	  /* flags names a struct open_how */
	__u8 fixed_flags; /* 1: O_CREAT | O_WRONLY | O_TRUNC, as creat has them */
	__u8 path, path2, dirfd, dirfd2, flags, mode;
	__u16 call;
};

/* One row per io_uring operation. */
struct wire_op {
	__u16 call;
	__u8 is_wanted;
	__u8 unused;
};

/* Kept by the programs per processor. */
struct wire_counts {
	__u64 sent, lost;
};
