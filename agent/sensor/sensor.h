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

#include "agent/sensor/calls.h"
#include "base/err.h"

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
	bool is_late; /* told by somebody who watched from aside: the process may have ended; pid 0 = not known */
	bool is_held; /* its process is stopped until the handler returns, and keeps its number */
	bool is_urgent; /* the sensor may not live to tell anything afterwards: to be written down before the handler returns */
	bool is_likely; /* is_late: the process was not seen doing it, but is the only one that does such things */
	/* Absolute in the process's root, links of the folders followed; NULL when the sensor does not know. */
	const char *real_path, *real_path2;
	const char *comm; /* EXEC from a sensor that knows it, else NULL: state asks /proc */
	const char *args; /* EXEC, the same: as in /proc/PID/cmdline, each ended by NUL */
	size_t args_length;
	bool is_args_cut; /* there were more */
	bool is_in_place; /* EXEC: root and namespaces are those of the program before */
	uint64_t lost;	  /* events the sensor lost before this one */
	unsigned int
		lane; /* which of several tracers tells it: what it leaves to be looked at, that one looks at; 0 = the only one */

	/* How a sensor that stops the process finds out what has a price; NULL = it does not. */
	const char *(*find_real)(const struct sensor_event *event, bool second);
	bool has_ids;	       /* uid and gid are filled; else they are asked of /proc when somebody needs them */
	bool is_memory_shared; /* others may change what the arguments point at, while the call is made */

	/* What only a sensor inside the kernel knows; NULL and 0 elsewhere. Prefer it: /proc may be too late. */
	const char *exe_path;	      /* EXEC: absolute, links resolved */
	const char *folder, *folder2; /* absolute: what path and path2 are relative to; EXEC: the current folder */
	const char *cgroup;	      /* EXEC: path of the control group in its hierarchy */
	uint64_t cgroup_id;
	uint32_t mount_namespace;
};

typedef void (*sensor_handler)(void *context, const struct sensor_event *event);

/* Asked at the entry of a call, when the result is not known: false if nobody can need the event, whatever becomes of it. */
typedef bool (*sensor_judge)(void *context, const struct sensor_event *event);
