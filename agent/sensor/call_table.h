/*
 * call_table.h: what a row of calls.def says: how the filter tests the arguments of a call, and which parameters the call has.
 */
#pragma once

#include "agent/sensor/sensor.h"

#define SENSOR_PARAMS_MAX 20
#define SENSOR_TESTS_MAX  2

/* What a parameter is, where its value comes from and how it is shown. */
enum sensor_param_kind {
	PARAM_END, /* behind the last one */
	PARAM_NOTHING,
	/* of the result */
	PARAM_RESULT,	  /* 0, or the name of the error */
	PARAM_NEW_FD,	  /* a descriptor, or the number of the error */
	PARAM_RETURN,	  /* a number, or the name of the error */
	PARAM_ADDRESS_OF, /* an address, or the name of the error */
	PARAM_STATUS,	  /* of a process that ended */
	PARAM_DEVICE,	  /* of the file that was opened */
	PARAM_INODE,
	PARAM_NEW_PATH, /* of the file that was opened */
	/* members of the event that every sensor fills */
	PARAM_DIRFD,
	PARAM_DIRFD2,
	PARAM_PATH,
	PARAM_PATH2,
	PARAM_OPEN_FLAGS, /* flags, named */
	PARAM_HOW,	  /* the same, out of a struct open_how, with the mode */
	PARAM_FLAGS,	  /* flags, named by a table */
	PARAM_OCTAL,	  /* mode */
	PARAM_MODE,	  /* mode, named bit by bit */
	/* arguments as they are */
	PARAM_NUMBER,
	PARAM_HEX,
	PARAM_FD,
	PARAM_FILE_FD,	 /* the file that the call changes */
	PARAM_SOCKET_FD, /* the socket that the call is about */
	PARAM_PROCESS_ID,
	PARAM_USER,
	PARAM_GROUP,
	PARAM_ENUM, /* named by a table */
	PARAM_BITS,
	/* read through a pointer */
	PARAM_TEXT,
	PARAM_CAPABILITIES, /* from a struct __user_cap_data_struct */
	PARAM_ADDRESS,	    /* a struct sockaddr, its length is the next argument */
	PARAM_MESSAGE,	    /* the same, in a struct msghdr */
	/* of the socket */
	PARAM_TUPLE,
	/* of the process: the name says what */
	PARAM_PROCESS,
	PARAM_ENVIRONMENT, /* holds secrets: only for who asks by name */
};

/* Tables of names; agent/pipeline/arg_names.c has them. */
enum sensor_names {
	NAMES_NONE,
	NAMES_OPEN,
	NAMES_MODE,
	NAMES_REMOVE,
	NAMES_RENAME,
	NAMES_LINK,
	NAMES_CHOWN,
	NAMES_DUP,
	NAMES_MOUNT,
	NAMES_UMOUNT,
	NAMES_NAMESPACE,
	NAMES_MEMFD,
	NAMES_PROT,
	NAMES_MAP,
	NAMES_DOMAIN,
	NAMES_PTRACE,
	NAMES_SIGNAL,
	NAMES_PRCTL,
	NAMES_BPF,
	NAMES_COUNT
};

struct sensor_param {
	const char *name;
	enum sensor_param_kind kind;
	uint8_t arg;   /* counted from 1; 0 = none */
	uint8_t names; /* enum sensor_names; CAPABILITIES: which of the three sets */
};

/* How the filter tests one argument. The low half of it, but for NOT_NULL. */
enum sensor_test_kind {
	TEST_NONE,
	TEST_ANY_BIT,
	TEST_AT_MOST,
	TEST_NOT,
	TEST_ONE_OF, /* list, ended by its length in value */
	TEST_NOT_NULL,
	TEST_SENSOR, /* the sensor's own process id, or all that may be signalled */
};

struct sensor_test {
	enum sensor_test_kind kind;
	uint8_t arg;
	bool is_or; /* the call stops if this one or the one before passes; else both must */
	uint32_t value;
	const uint32_t *list;
};

struct sensor_call_row {
	const char *name; /* evt.type */
	uint64_t families;
	uint32_t fixed_flags;
	struct sensor_test tests[SENSOR_TESTS_MAX];
	struct sensor_param params[SENSOR_PARAMS_MAX];
};

extern const struct sensor_call_row sensor_call_rows[SENSOR_CALL_COUNT];

/* The first parameter of a kind, or NULL. */
const struct sensor_param *sensor_param_find(enum sensor_call call, enum sensor_param_kind kind);

/* Calls after which the paths of a process may mean something else. */
bool sensor_call_changes_root(enum sensor_call call);

/* True if the arguments pass the tests of the call. own_pid is what TEST_SENSOR looks for. */
bool sensor_tests_pass(enum sensor_call call, const uint64_t args[6], uint32_t own_pid);
