/*
 * proc.h: what /proc tells about one process. Every answer may be missing: processes end when they like.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROC_NAME_MAX	      64
#define PROC_CMDLINE_MAX      (32u << 10) /* bytes of a command line that are kept */
#define PROC_CONTAINER_ID_MAX 80

struct proc_status {
	char name[PROC_NAME_MAX]; /* comm */
	pid_t tgid, ppid, vpid;	  /* vpid: in the innermost pid namespace */
	pid_t tracer;		  /* 0 = none */
	bool is_ended;		  /* nobody has waited for it yet */
	uint32_t uid, gid;	  /* effective */
};

bool proc_status_read(pid_t pid, struct proc_status *ret);

struct proc_stat {
	uint64_t tty; /* device number of the controlling terminal, 0 for none */
	pid_t session, group;
	int64_t start_ns; /* since 1970 UTC, accurate to 10 ms */
	bool is_fork;	  /* it has executed nothing since it was forked */
};

bool proc_stat_read(pid_t pid, struct proc_stat *ret);

/* Target of /proc/TID/NAME ("exe", "cwd", "fd/3") as the process itself would name it. */
bool proc_link(pid_t tid, const char *name, char out[PATH_MAX]);

/* Root folder of tid as the caller sees it. */
bool proc_root(pid_t tid, char out[PATH_MAX]);

/* Target of any link, with root taken off its front. */
bool proc_link_below(const char *root, const char *link, char out[PATH_MAX]);

/* Command line, each argument ended by NUL; returns its length, at most size. */
size_t proc_cmdline(pid_t pid, char *out, size_t size);

/* The environment that a process was started with, in the same way. */
size_t proc_environ(pid_t pid, char *out, size_t size);

struct proc_capabilities {
	uint64_t inheritable, permitted, effective, bounding;
};

bool proc_capabilities_read(pid_t tid, struct proc_capabilities *ret);

/* Effective ids of a thread, by one cheap call. */
bool proc_ids(pid_t tid, uint32_t *ret_uid, uint32_t *ret_gid);

/* Audit user id, -1 for none. */
int64_t proc_loginuid(pid_t pid);

/* Number of the mount namespace of a process, 0 if it may not be known. */
uint64_t proc_mounts(pid_t pid);

/* True unless pid has the caller's user namespace: numbers of users mean something else in another. */
bool proc_has_own_users(pid_t pid);

/* True if tid is a thread of process pid. */
bool proc_is_thread_of(pid_t tid, pid_t pid);

/* Runtime id of the container that the control group names ("64 hexadecimal digits", or ECS's "32-10"), or false. */
bool proc_container_id(pid_t pid, char out[PROC_CONTAINER_ID_MAX]);

/* The same from the text of /proc/PID/cgroup. */
bool cgroup_container_id(const char *text, char out[PROC_CONTAINER_ID_MAX]);
