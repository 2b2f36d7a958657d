#include "agent/sensor/bpf/shape.h"

#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/attr.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

struct row {
	unsigned short native, compat; /* numbers of the x86-64 and the i386 table */
	struct wire_shape shape;
};

#define ROW(native_, compat_, call_, ...)                                                                            \
	{                                                                                                            \
		.native = (native_), .compat = (compat_), .shape = {.is_wanted = 1, .call = (call_), __VA_ARGS__ }   \
	}

static const struct row rows[] = {
	ROW(SYS_open, 5, SENSOR_OPEN, .is_open = 1, .path = 1, .flags = 2, .mode = 3),
	ROW(SYS_openat, 295, SENSOR_OPENAT, .is_open = 1, .dirfd = 1, .path = 2, .flags = 3, .mode = 4),
	ROW(SYS_openat2, 437, SENSOR_OPENAT2, .is_open = 1, .has_how = 1, .dirfd = 1, .path = 2, .flags = 3),
	ROW(SYS_creat, 8, SENSOR_CREAT, .is_open = 1, .fixed_flags = 1, .path = 1, .mode = 2),
	ROW(SYS_unlink, 10, SENSOR_UNLINK, .path = 1),
	ROW(SYS_unlinkat, 301, SENSOR_UNLINKAT, .dirfd = 1, .path = 2, .flags = 3),
	ROW(SYS_rmdir, 40, SENSOR_RMDIR, .path = 1),
	ROW(SYS_rename, 38, SENSOR_RENAME, .path = 1, .path2 = 2),
	ROW(SYS_renameat, 302, SENSOR_RENAMEAT, .dirfd = 1, .path = 2, .dirfd2 = 3, .path2 = 4),
	ROW(SYS_renameat2, 353, SENSOR_RENAMEAT2, .dirfd = 1, .path = 2, .dirfd2 = 3, .path2 = 4, .flags = 5),
	ROW(SYS_link, 9, SENSOR_LINK, .path = 1, .path2 = 2),
	ROW(SYS_linkat, 303, SENSOR_LINKAT, .dirfd = 1, .path = 2, .dirfd2 = 3, .path2 = 4, .flags = 5),
	/* the target of a symbolic link is text, not a path: path is the link, path2 what it says */
	ROW(SYS_symlink, 83, SENSOR_SYMLINK, .path = 2, .path2 = 1),
	ROW(SYS_symlinkat, 304, SENSOR_SYMLINKAT, .path = 3, .dirfd = 2, .path2 = 1),
	ROW(SYS_mkdir, 39, SENSOR_MKDIR, .path = 1, .mode = 2),
	ROW(SYS_mkdirat, 296, SENSOR_MKDIRAT, .dirfd = 1, .path = 2, .mode = 3),
	ROW(SYS_chmod, 15, SENSOR_CHMOD, .path = 1, .mode = 2),
	ROW(SYS_fchmodat, 306, SENSOR_FCHMODAT, .dirfd = 1, .path = 2, .mode = 3),
	ROW(SYS_fchmodat2, 452, SENSOR_FCHMODAT, .dirfd = 1, .path = 2, .mode = 3, .flags = 4),
};

int shapes_fill(const struct sensor_wants *wants, struct wire_shape native[WIRE_CALLS],
		struct wire_shape compat[WIRE_CALLS])
{
	int count = 0;

	memset(native, 0, sizeof(struct wire_shape) * WIRE_CALLS);
	memset(compat, 0, sizeof(struct wire_shape) * WIRE_CALLS);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *row = &rows[i];

		if (!wants->calls[row->shape.call])
			continue;
		native[row->native] = row->shape;
		compat[row->compat] = row->shape;
		count++;
	}
	return count;
}

static const struct {
	unsigned char op;
	enum sensor_call call;
} op_rows[] = {
	{ IORING_OP_OPENAT, SENSOR_OPENAT },	  { IORING_OP_OPENAT2, SENSOR_OPENAT2 },
	{ IORING_OP_RENAMEAT, SENSOR_RENAMEAT2 }, { IORING_OP_UNLINKAT, SENSOR_UNLINKAT },
	{ IORING_OP_MKDIRAT, SENSOR_MKDIRAT },	  { IORING_OP_SYMLINKAT, SENSOR_SYMLINKAT },
	{ IORING_OP_LINKAT, SENSOR_LINKAT },
};

int ops_fill(const struct sensor_wants *wants, struct wire_op ops[WIRE_OPS])
{
	int count = 0;

	memset(ops, 0, sizeof(struct wire_op) * WIRE_OPS);
	for (size_t i = 0; i < ARRAY_SIZE(op_rows); i++) {
		if (!wants->calls[op_rows[i].call])
			continue;
		ops[op_rows[i].op] = (struct wire_op){ .call = op_rows[i].call, .is_wanted = 1 };
		count++;
	}
	return count;
}
