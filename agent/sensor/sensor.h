/*
 * sensor.h: what every sensor delivers, whichever way it looks at the kernel: decoded system calls and process
 * life, in order, as raw facts. State, rules and delivery are built on this and know no sensor.
 */
#pragma once

#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* id, evt.type, what it reports. The rows a sensor can see; names are Falco's. */
#define SENSOR_CALLS(X)                                                                                              \
	X(EXECVE, "execve")                                                                                          \
	X(EXECVEAT, "execveat")                                                                                      \
	X(CLONE, "clone")                                                                                            \
	X(FORK, "fork")                                                                                              \
	X(VFORK, "vfork")                                                                                            \
	X(PROCEXIT, "procexit")                                                                                      \
	X(OPEN, "open")                                                                                              \
	X(OPENAT, "openat")                                                                                          \
	X(OPENAT2, "openat2")                                                                                        \
	X(CREAT, "creat")                                                                                            \
	X(UNLINK, "unlink")                                                                                          \
	X(UNLINKAT, "unlinkat")                                                                                      \
	X(RMDIR, "rmdir")                                                                                            \
	X(RENAME, "rename")                                                                                          \
	X(RENAMEAT, "renameat")                                                                                      \
	X(RENAMEAT2, "renameat2")                                                                                    \
	X(LINK, "link")                                                                                              \
	X(LINKAT, "linkat")                                                                                          \
	X(SYMLINK, "symlink")                                                                                        \
	X(SYMLINKAT, "symlinkat")                                                                                    \
	X(MKDIR, "mkdir")                                                                                            \
	X(MKDIRAT, "mkdirat")                                                                                        \
	X(CHMOD, "chmod")                                                                                            \
	X(FCHMODAT, "fchmodat")

enum sensor_call {
#define X(id, name) SENSOR_##id,
	SENSOR_CALLS(X)
#undef X
		SENSOR_CALL_COUNT
};

const char *sensor_call_name(enum sensor_call call);
int sensor_call_find(const char *name); /* -1 if unrecognized */

/* Families of calls, as masks of SENSOR_BIT(). */
#define SENSOR_BIT(call) (UINT64_C(1) << (call))
#define SENSOR_OPEN_CALLS                                                                                            \
	(SENSOR_BIT(SENSOR_OPEN) | SENSOR_BIT(SENSOR_OPENAT) | SENSOR_BIT(SENSOR_OPENAT2) | SENSOR_BIT(SENSOR_CREAT))
#define SENSOR_RENAME_CALLS  (SENSOR_BIT(SENSOR_RENAME) | SENSOR_BIT(SENSOR_RENAMEAT) | SENSOR_BIT(SENSOR_RENAMEAT2))
#define SENSOR_REMOVE_CALLS  (SENSOR_BIT(SENSOR_UNLINK) | SENSOR_BIT(SENSOR_UNLINKAT) | SENSOR_BIT(SENSOR_RMDIR))
#define SENSOR_LINK_CALLS    (SENSOR_BIT(SENSOR_LINK) | SENSOR_BIT(SENSOR_LINKAT))
#define SENSOR_SYMLINK_CALLS (SENSOR_BIT(SENSOR_SYMLINK) | SENSOR_BIT(SENSOR_SYMLINKAT))
#define SENSOR_MKDIR_CALLS   (SENSOR_BIT(SENSOR_MKDIR) | SENSOR_BIT(SENSOR_MKDIRAT))
#define SENSOR_CHMOD_CALLS   (SENSOR_BIT(SENSOR_CHMOD) | SENSOR_BIT(SENSOR_FCHMODAT))
#define SENSOR_EXEC_CALLS    (SENSOR_BIT(SENSOR_EXECVE) | SENSOR_BIT(SENSOR_EXECVEAT))
#define SENSOR_FORK_CALLS    (SENSOR_BIT(SENSOR_CLONE) | SENSOR_BIT(SENSOR_FORK) | SENSOR_BIT(SENSOR_VFORK))

static inline bool sensor_call_in(enum sensor_call call, uint64_t family)
{
	return (SENSOR_BIT(call) & family) != 0;
}

/* An open that may change something. O_TMPFILE without its O_DIRECTORY bit: opening folders is no change. */
#define OPEN_WRITES (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))

/* One call or process event. Texts are borrowed until the handler returns; paths are as the program gave them. */
struct sensor_event {
	enum sensor_call call;
	int64_t time_ns;  /* since 1970 UTC */
	pid_t tid, pid;	  /* as the sensor's pid namespace shows them */
	pid_t child;	  /* CLONE, FORK, VFORK: the new process (not for threads) */
	pid_t ppid;	  /* 0 = not known */
	int64_t result;	  /* return value, negative errno; PROCEXIT: wait status */
	bool has_result;  /* false: only the entry was seen */
	bool is_new_file; /* open family: the file did not exist before; only if known_new_file */
	bool known_new_file;
	int dirfd, dirfd2; /* AT_FDCWD where the call has none */
	uint32_t flags, mode;
	uint32_t uid, gid;
	const char *path, *path2; /* path2: new path of rename and link, target of symlink */
	/* Absolute in the process's root, links of the folders followed; NULL when the sensor does not know. */
	const char *real_path, *real_path2;
	const char *comm; /* EXEC from a sensor that knows it, else NULL: state asks /proc */
	uint64_t lost;	  /* events the sensor lost before this one */

	/* What only a sensor inside the kernel knows; NULL and 0 elsewhere. Prefer it: /proc may be too late. */
	const char *args; /* EXEC: as in /proc/PID/cmdline, each ended by NUL */
	size_t args_length;
	bool is_args_cut;	      /* there were more */
	const char *exe_path;	      /* EXEC: absolute, links resolved */
	const char *folder, *folder2; /* absolute: what path and path2 are relative to; EXEC: the current folder */
	const char *cgroup;	      /* EXEC: path of the control group in its hierarchy */
	uint64_t cgroup_id;
	uint32_t mount_namespace;
};

typedef void (*sensor_handler)(void *context, const struct sensor_event *event);

/* Which calls are wanted; exec, clone and exit are always delivered. */
struct sensor_wants {
	bool calls[SENSOR_CALL_COUNT];
	bool reads; /* opens for reading too, else only those that write or create */
};
