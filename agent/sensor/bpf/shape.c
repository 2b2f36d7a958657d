#include "agent/sensor/bpf/shape.h"

#include <linux/io_uring.h>
#include <string.h>

#include "agent/sensor/call_numbers.h"
#include "agent/sensor/call_table.h"
#include "base/attr.h"

/* Whose parameters are all in a wire_shape. */
#define SHAPED_CALLS                                                                                                 \
	(SENSOR_OPEN_CALLS | SENSOR_RENAME_CALLS | SENSOR_REMOVE_CALLS | SENSOR_LINK_CALLS | SENSOR_SYMLINK_CALLS |  \
	 SENSOR_MKDIR_CALLS | SENSOR_CHMOD_CALLS)

/* What this sensor reads of a call, by the words of the common table. */
static struct wire_shape shape_of(enum sensor_call call)
{
	const struct sensor_call_row *row = &sensor_call_rows[call];
	struct wire_shape shape = { .is_wanted = 1,
				    .call = (__u16)call,
				    .is_open = sensor_call_in(call, SENSOR_OPEN_CALLS),
				    .fixed_flags = row->fixed_flags != 0 };

	for (const struct sensor_param *param = row->params; param->kind; param++) {
		__u8 *place = param->kind == PARAM_PATH		? &shape.path
			      : param->kind == PARAM_PATH2	? &shape.path2
			      : param->kind == PARAM_DIRFD	? &shape.dirfd
			      : param->kind == PARAM_DIRFD2	? &shape.dirfd2
			      : param->kind == PARAM_OPEN_FLAGS ? &shape.flags
			      : param->kind == PARAM_FLAGS	? &shape.flags
			      : param->kind == PARAM_HOW	? &shape.flags
			      : param->kind == PARAM_OCTAL	? &shape.mode
			      : param->kind == PARAM_MODE	? &shape.mode
								: NULL;

		if (place && param->arg)
			*place = param->arg;
		shape.has_how |= param->kind == PARAM_HOW;
	}
	return shape;
}

int shapes_fill(const struct sensor_wants *wants, struct wire_shape native[WIRE_CALLS],
		struct wire_shape compat[WIRE_CALLS])
{
	int count = 0;

	memset(native, 0, sizeof(struct wire_shape) * WIRE_CALLS);
	memset(compat, 0, sizeof(struct wire_shape) * WIRE_CALLS);
	for (size_t i = 0; i < call_number_count; i++) {
		enum sensor_call call = call_numbers[i].call;
		const int *numbers = call_numbers[i].numbers;

		if (!wants->calls[call] || !sensor_call_in(call, SHAPED_CALLS) ||
		    !sensor_param_find(call, PARAM_PATH))
			continue;
		if (numbers[ARCH_X86_64] >= 0)
			native[numbers[ARCH_X86_64]] = shape_of(call);
		if (numbers[ARCH_I386] >= 0)
			compat[numbers[ARCH_I386]] = shape_of(call);
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
