#include "agent/sensor/call_table.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <unistd.h>

/* without CLONE_NEWTIME, whose bit means a signal in other calls */
#define NAMESPACE_FLAGS                                                                                              \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

#define TESTS(...)	  .tests = { __VA_ARGS__ }
#define PARAMS(...)	  .params = { __VA_ARGS__ }
#define FIXED_FLAGS(bits) .fixed_flags = (bits)

#define ANY_BIT(arg_, bits)                                                                                          \
	{                                                                                                            \
		.kind = TEST_ANY_BIT, .arg = (arg_), .value = (bits)                                                 \
	}
#define AT_MOST(arg_, limit)                                                                                         \
	{                                                                                                            \
		.kind = TEST_AT_MOST, .arg = (arg_), .value = (limit)                                                \
	}
#define NOT(arg_, other)                                                                                             \
	{                                                                                                            \
		.kind = TEST_NOT, .arg = (arg_), .value = (other)                                                    \
	}
#define NOT_NULL(arg_)                                                                                               \
	{                                                                                                            \
		.kind = TEST_NOT_NULL, .arg = (arg_)                                                                 \
	}
#define SENSOR_PROCESS(arg_)                                                                                         \
	{                                                                                                            \
		.kind = TEST_SENSOR, .arg = (arg_)                                                                   \
	}
#define LIST(...) ((const uint32_t[]){ __VA_ARGS__ })
#define LISTED(arg_, ...)                                                                                            \
	.kind = TEST_ONE_OF, .arg = (arg_), .value = sizeof(LIST(__VA_ARGS__)) / sizeof(uint32_t),                   \
	.list = LIST(__VA_ARGS__)
#define ONE_OF(arg_, ...)                                                                                            \
	{                                                                                                            \
		LISTED(arg_, __VA_ARGS__)                                                                            \
	}
#define OR_ONE_OF(arg_, ...)                                                                                         \
	{                                                                                                            \
		.is_or = true, LISTED(arg_, __VA_ARGS__)                                                             \
	}

#define NOTHING(name)                                                                                                \
	{                                                                                                            \
		name, PARAM_NOTHING, 0, 0                                                                            \
	}
#define RESULT(name)                                                                                                 \
	{                                                                                                            \
		name, PARAM_RESULT, 0, 0                                                                             \
	}
#define NEW_FD(name)                                                                                                 \
	{                                                                                                            \
		name, PARAM_NEW_FD, 0, 0                                                                             \
	}
#define NUMBER_RESULT(name)                                                                                          \
	{                                                                                                            \
		name, PARAM_RETURN, 0, 0                                                                             \
	}
#define HEX_RESULT(name)                                                                                             \
	{                                                                                                            \
		name, PARAM_ADDRESS_OF, 0, 0                                                                         \
	}
#define STATUS(name)                                                                                                 \
	{                                                                                                            \
		name, PARAM_STATUS, 0, 0                                                                             \
	}
#define DEVICE(name)                                                                                                 \
	{                                                                                                            \
		name, PARAM_DEVICE, 0, 0                                                                             \
	}
#define INODE(name)                                                                                                  \
	{                                                                                                            \
		name, PARAM_INODE, 0, 0                                                                              \
	}
#define NEW_PATH(name)                                                                                               \
	{                                                                                                            \
		name, PARAM_NEW_PATH, 0, 0                                                                           \
	}
#define DIRFD(name, arg)                                                                                             \
	{                                                                                                            \
		name, PARAM_DIRFD, arg, 0                                                                            \
	}
#define DIRFD2(name, arg)                                                                                            \
	{                                                                                                            \
		name, PARAM_DIRFD2, arg, 0                                                                           \
	}
#define PATH(name, arg)                                                                                              \
	{                                                                                                            \
		name, PARAM_PATH, arg, 0                                                                             \
	}
#define PATH2(name, arg)                                                                                             \
	{                                                                                                            \
		name, PARAM_PATH2, arg, 0                                                                            \
	}
#define OPEN_FLAGS(name, arg)                                                                                        \
	{                                                                                                            \
		name, PARAM_OPEN_FLAGS, arg, NAMES_OPEN                                                              \
	}
#define HOW(name, arg)                                                                                               \
	{                                                                                                            \
		name, PARAM_HOW, arg, NAMES_OPEN                                                                     \
	}
#define FLAGS(name, arg, names)                                                                                      \
	{                                                                                                            \
		name, PARAM_FLAGS, arg, NAMES_##names                                                                \
	}
#define OCTAL(name, arg)                                                                                             \
	{                                                                                                            \
		name, PARAM_OCTAL, arg, 0                                                                            \
	}
#define MODE(name, arg)                                                                                              \
	{                                                                                                            \
		name, PARAM_MODE, arg, NAMES_MODE                                                                    \
	}
#define NUMBER(name, arg)                                                                                            \
	{                                                                                                            \
		name, PARAM_NUMBER, arg, 0                                                                           \
	}
#define HEX(name, arg)                                                                                               \
	{                                                                                                            \
		name, PARAM_HEX, arg, 0                                                                              \
	}
#define FD(name, arg)                                                                                                \
	{                                                                                                            \
		name, PARAM_FD, arg, 0                                                                               \
	}
#define FILE_FD(name, arg)                                                                                           \
	{                                                                                                            \
		name, PARAM_FILE_FD, arg, 0                                                                          \
	}
#define SOCKET_FD(name, arg)                                                                                         \
	{                                                                                                            \
		name, PARAM_SOCKET_FD, arg, 0                                                                        \
	}
#define PROCESS_ID(name, arg)                                                                                        \
	{                                                                                                            \
		name, PARAM_PROCESS_ID, arg, 0                                                                       \
	}
#define USER(name, arg)                                                                                              \
	{                                                                                                            \
		name, PARAM_USER, arg, 0                                                                             \
	}
#define GROUP(name, arg)                                                                                             \
	{                                                                                                            \
		name, PARAM_GROUP, arg, 0                                                                            \
	}
#define ENUM(name, arg, names)                                                                                       \
	{                                                                                                            \
		name, PARAM_ENUM, arg, NAMES_##names                                                                 \
	}
#define BITS(name, arg, names)                                                                                       \
	{                                                                                                            \
		name, PARAM_BITS, arg, NAMES_##names                                                                 \
	}
#define TEXT(name, arg)                                                                                              \
	{                                                                                                            \
		name, PARAM_TEXT, arg, 0                                                                             \
	}
#define CAPABILITIES(name, arg, which)                                                                               \
	{                                                                                                            \
		name, PARAM_CAPABILITIES, arg, which                                                                 \
	}
#define ADDRESS(name, arg)                                                                                           \
	{                                                                                                            \
		name, PARAM_ADDRESS, arg, 0                                                                          \
	}
#define MESSAGE_ADDRESS(name, arg)                                                                                   \
	{                                                                                                            \
		name, PARAM_MESSAGE, arg, 0                                                                          \
	}
#define TUPLE(name)                                                                                                  \
	{                                                                                                            \
		name, PARAM_TUPLE, 0, 0                                                                              \
	}
#define OF_PROCESS(name)                                                                                             \
	{                                                                                                            \
		name, PARAM_PROCESS, 0, 0                                                                            \
	}
#define ENVIRONMENT(name)                                                                                            \
	{                                                                                                            \
		name, PARAM_ENVIRONMENT, 0, 0                                                                        \
	}
#define PROCESS_PARAMS                                                                                               \
	RESULT("res"), OF_PROCESS("exe"), OF_PROCESS("args"), OF_PROCESS("tid"), OF_PROCESS("pid"),                  \
		OF_PROCESS("ptid"), OF_PROCESS("cwd"), OF_PROCESS("comm"), ENVIRONMENT("env"), OF_PROCESS("tty"),    \
		OF_PROCESS("loginuid"), OF_PROCESS("uid"), OF_PROCESS("gid")

#define CALL(id, name_, families_, ...)                                                                              \
	[SENSOR_##id] = { .name = (name_), .families = SENSOR_##families_##_CALLS, __VA_ARGS__ },

const struct sensor_call_row sensor_call_rows[SENSOR_CALL_COUNT] = {
#include "agent/sensor/calls.def"
};

const struct sensor_param *sensor_param_find(enum sensor_call call, enum sensor_param_kind kind)
{
	for (const struct sensor_param *param = sensor_call_rows[call].params; param->kind; param++) {
		if (param->kind == kind)
			return param;
	}
	return NULL;
}

static bool test_passes(const struct sensor_test *test, const uint64_t args[6], uint32_t own_pid)
{
	uint64_t whole = args[test->arg - 1];
	uint32_t value = (uint32_t)whole;

	switch (test->kind) {
	case TEST_ANY_BIT:
		return value & test->value;
	case TEST_AT_MOST:
		return value <= test->value;
	case TEST_NOT:
		return value != test->value;
	case TEST_NOT_NULL:
		return whole != 0;
	case TEST_SENSOR:
		return value == own_pid || value == UINT32_MAX;
	case TEST_ONE_OF:
		for (uint32_t i = 0; i < test->value; i++) {
			if (value == test->list[i])
				return true;
		}
		return false;
	case TEST_NONE:
		break;
	}
	return true;
}

bool sensor_tests_pass(enum sensor_call call, const uint64_t args[6], uint32_t own_pid)
{
	const struct sensor_test *tests = sensor_call_rows[call].tests;
	bool first = !tests[0].kind || test_passes(&tests[0], args, own_pid);

	if (!tests[1].kind)
		return first;
	if (tests[1].is_or)
		return first || test_passes(&tests[1], args, own_pid);
	return first && test_passes(&tests[1], args, own_pid);
}

bool sensor_call_changes_root(enum sensor_call call)
{
	return call == SENSOR_CHROOT || call == SENSOR_PIVOT_ROOT || call == SENSOR_SETNS || call == SENSOR_UNSHARE;
}

const char *sensor_call_name(enum sensor_call call)
{
	return sensor_call_rows[call].name;
}

int sensor_call_find(const char *name)
{
	for (int i = 0; i < SENSOR_CALL_COUNT; i++) {
		if (strcmp(sensor_call_rows[i].name, name) == 0)
			return i;
	}
	return -1;
}

bool sensor_call_in(enum sensor_call call, uint64_t families)
{
	return sensor_call_rows[call].families & families;
}
