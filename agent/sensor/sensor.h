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

#define SENSOR_TEXTS_MAX     2
#define SENSOR_TEXT_MAX	     256 /* with its NUL; longer ones are cut */
#define SENSOR_UNIX_PATH_MAX 109

struct sensor_address {
	int family; /* AF_INET, AF_INET6, AF_UNIX; 0 = not known */
	uint16_t port;
	uint8_t ip[16];			 /* the first 4 of AF_INET */
	char path[SENSOR_UNIX_PATH_MAX]; /* AF_UNIX; an abstract name begins with "@" */
};

/* Both ends of a socket, as far as they are known. */
struct sensor_socket {
	int fd; /* -1 = not known */
	int family, type, protocol;
	struct sensor_address local, remote;
	bool is_connected;	 /* before the call */
	const char *remote_name; /* that a DNS answer gave the other end, or NULL */
};

/* What a DNS query asked, and what came back. */
struct sensor_dns {
	const char *question, *type; /* type: A, AAAA ... */
	const char *response;	     /* NOERROR, NXDOMAIN ..., or NULL: no answer was seen */
	const char *answers;	     /* addresses, joined by blanks; "" for none */
};

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
	const char *path, *path2;	     /* path2: new path of rename and link, target of symlink */
	uint64_t registers[6];		     /* the arguments; only from a sensor that stops the call */
	const char *texts[SENSOR_TEXTS_MAX]; /* of parameters that are texts, in their order; NULL = unreadable */
	uint64_t capabilities[3];	     /* effective, permitted, inheritable, as capset is given them */
	const struct proc_capabilities *former_capabilities; /* before a call that may change them, or NULL */
	const struct sensor_socket *socket; /* the calls of sockets: what the sensor knows, or NULL */
	const struct sensor_dns *dns;	    /* SENDTO: the datagram is a DNS query; else NULL */
	bool is_late;	/* told by somebody who watched from aside: the process may have ended; pid 0 = not known */
	bool is_likely; /* is_late: the process was not seen doing it, but is the only one that does such things */
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
	bool untested
		[SENSOR_CALL_COUNT]; /* whatever the arguments: somebody wants those too that the tests of its row let by */
	bool reads;		     /* opens for reading too, else only those that write or create */
	bool failed_execs;	     /* at the price of one more stop for each exec */
	bool refuses_io_uring;	     /* io_uring_setup fails with ENOSYS: programs fall back to calls that are seen */
};
