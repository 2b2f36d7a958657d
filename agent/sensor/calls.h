/*
 * calls.h: the system calls and process events that there are to see, in families, and which of them somebody wants.
 */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

/* What there is to see; a row of calls.def each. */
enum sensor_call {
#define CALL(id, ...) SENSOR_##id,
#include "agent/sensor/calls.def"
#undef CALL
	SENSOR_CALL_COUNT
};

const char *sensor_call_name(enum sensor_call call); /* evt.type */
int sensor_call_find(const char *name);		     /* -1 if unrecognized */

/* Families of calls, to be ored. */
#define SENSOR_OPEN_CALLS     (UINT64_C(1) << 0)
#define SENSOR_RENAME_CALLS   (UINT64_C(1) << 1)
#define SENSOR_REMOVE_CALLS   (UINT64_C(1) << 2)
#define SENSOR_LINK_CALLS     (UINT64_C(1) << 3)
#define SENSOR_SYMLINK_CALLS  (UINT64_C(1) << 4)
#define SENSOR_MKDIR_CALLS    (UINT64_C(1) << 5)
#define SENSOR_MKNOD_CALLS    (UINT64_C(1) << 6)
#define SENSOR_CHMOD_CALLS    (UINT64_C(1) << 7)
#define SENSOR_CHOWN_CALLS    (UINT64_C(1) << 8)
#define SENSOR_XATTR_CALLS    (UINT64_C(1) << 9)
#define SENSOR_TRUNCATE_CALLS (UINT64_C(1) << 10)
#define SENSOR_EXEC_CALLS     (UINT64_C(1) << 11)
#define SENSOR_FORK_CALLS     (UINT64_C(1) << 12)
#define SENSOR_EXIT_CALLS     (UINT64_C(1) << 13)
#define SENSOR_SOCKET_CALLS   (UINT64_C(1) << 14) /* socket, bind, listen */
#define SENSOR_CONNECT_CALLS  (UINT64_C(1) << 15)
#define SENSOR_ACCEPT_CALLS   (UINT64_C(1) << 16)
#define SENSOR_SEND_CALLS     (UINT64_C(1) << 17)
#define SENSOR_DUP_CALLS      (UINT64_C(1) << 18)
#define SENSOR_SIGNAL_CALLS   (UINT64_C(1) << 19)
#define SENSOR_IDS_CALLS      (UINT64_C(1) << 20) /* user, group, capabilities and the like of the process itself */
#define SENSOR_CONTROL_CALLS  (UINT64_C(1) << 21) /* other processes, and ways around a sensor */
#define SENSOR_KERNEL_CALLS   (UINT64_C(1) << 22) /* mounts, namespaces, modules */
#define SENSOR_MEMORY_CALLS   (UINT64_C(1) << 23)

#define SENSOR_FILE_CALLS                                                                                            \
	(SENSOR_OPEN_CALLS | SENSOR_RENAME_CALLS | SENSOR_REMOVE_CALLS | SENSOR_LINK_CALLS | SENSOR_SYMLINK_CALLS |  \
	 SENSOR_MKDIR_CALLS | SENSOR_MKNOD_CALLS | SENSOR_CHMOD_CALLS | SENSOR_CHOWN_CALLS | SENSOR_XATTR_CALLS |    \
	 SENSOR_TRUNCATE_CALLS)
#define SENSOR_NETWORK_CALLS (SENSOR_SOCKET_CALLS | SENSOR_CONNECT_CALLS | SENSOR_ACCEPT_CALLS | SENSOR_SEND_CALLS)
#define SENSOR_LIFE_CALLS    (SENSOR_EXEC_CALLS | SENSOR_FORK_CALLS | SENSOR_EXIT_CALLS)

bool sensor_call_in(enum sensor_call call, uint64_t families);

/* An open that may change something. O_TMPFILE without its O_DIRECTORY bit: opening folders is no change. */
#define OPEN_WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* Which calls are wanted; exec, clone and exit are always delivered. */
struct sensor_wants {
	bool calls[SENSOR_CALL_COUNT];
	bool untested[SENSOR_CALL_COUNT]; /* whatever the arguments: somebody wants those too that its tests let by */
	bool reads;			  /* opens for reading too, else only those that write or create */
	bool new_files;			  /* whether an open makes its file */
	bool failed_execs;		  /* at the price of one more stop for each exec */
	bool refuses_io_uring; /* io_uring_setup fails with ENOSYS: programs fall back to calls that are seen */
};
