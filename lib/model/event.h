/*
 * event.h: what observers report: something happened, at a time, seen by one source. Events never change.
 *
 * All pointers are borrowed from the arena or message that the event was made in. Texts chosen by a workload
 * (paths, arguments, names) may hold any byte but NUL. Times are nanoseconds since 1970 UTC; an event happened
 * somewhere in time_ns..time_ns + resolution_ns (CloudTrail knows seconds only).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/alert.h"

/* kind, name */
#define EVENT_KINDS(X)                                                                                               \
	X(EXEC, 1, "exec")                                                                                           \
	X(FORK, 2, "fork")                                                                                           \
	X(EXIT, 3, "exit")                                                                                           \
	X(FILE, 4, "file")                                                                                           \
	X(CLOUD, 5, "cloud")                                                                                         \
	X(SCAN, 6, "scan")                                                                                           \
	X(HEARTBEAT, 7, "heartbeat")                                                                                 \
	X(CALL, 8, "call")

enum event_kind {
#define X(id, number, name) EVENT_##id = (number),
	EVENT_KINDS(X)
#undef X
};

#define LINEAGE_MAX 16 /* ancestors that travel with an alert */

/* One execution: the same pid after an exec is another one, with another exec_id. */
struct process {
	uint64_t exec_id;	 /* unique and growing within the stream, not contiguous; 0 = not known */
	uint64_t parent_exec_id; /* 0 = not known */
	int32_t pid, ppid, vpid;
	uint32_t uid, gid;
	int64_t start_ns;
	const char *user;	  /* name of uid in the container, or NULL */
	const char *name;	  /* comm */
	const char *exe_path;	  /* or NULL */
	const char *cwd;	  /* or NULL */
	const char *container;	  /* runtime id of struct container, NULL on a host */
	const char *exec_session; /* id of the ECS Exec session that it was started in, or NULL */
	const char *const *args;  /* args[0] as executed */
	size_t arg_count;
};

enum file_op {
	FILE_OP_OPEN = 1, /* opened for writing an existing file */
	FILE_OP_CREATE,
	FILE_OP_RENAME,
	FILE_OP_REMOVE,
	FILE_OP_LINK,
	FILE_OP_CHMOD,
	FILE_OP_CHOWN,
	FILE_OP_XATTR, /* an extended attribute was set or removed */
	FILE_OP_WRITE, /* the content is another one, after an OPEN or CREATE */
};

enum file_approval { FILE_APPROVAL_UNKNOWN, FILE_APPROVED, FILE_NOT_APPROVED };

/* What a change did to the content of a watched file, as far as it could be looked at. */
struct file_content {
	const char *watch;		 /* name of the watch set */
	const char *before, *after;	 /* SHA-256 in hexadecimal digits; NULL = not known, or no file */
	int64_t size_before, size_after; /* -1 = not known, or no file */
	const char *package;		 /* that the file belongs to, or NULL */
	const char *diff;		 /* lines that went (-) and came (+), or NULL */
	enum file_approval approval;	 /* whether it is now as the baseline says */
};

struct file_change {
	enum file_op op;
	const char *path;   /* absolute, in the container's root */
	const char *target; /* new path of a rename or link, or NULL */
	uint32_t flags, mode;
	int64_t result;			    /* return value of the call: negative = it failed, nothing changed */
	bool is_result_unknown;		    /* only the attempt was seen; result means nothing */
	const struct file_content *content; /* or NULL */
};

/* One parameter of a system call, as rules see it in evt.arg. */
struct call_param {
	const char *name, *value;
};

#define CALL_PARAMS_MAX 20

/* What EVENT_CALL adds to the event's type: a system call that is neither process life nor a change of a file. */
struct call_record {
	const struct call_param *params;
	size_t param_count;
	int64_t result; /* return value of the call: negative = it failed */
	bool is_result_unknown;
};

/* One CloudTrail record. json is the whole record with secrets redacted. */
struct cloud_record {
	const char *id;	     /* eventID */
	const char *account; /* recipientAccountId, else the caller's */
	const char *region;
	const char *json;
	const char *object; /* file or S3 object it came in */
};

struct heartbeat {
	uint64_t spooled_batches;
	uint64_t dropped_events; /* since the stream began */
	const char *detail;	 /* what limits the sensor, or NULL */
	bool is_origin_new;	 /* what its batch says of its origin is another thing than before */
};

struct event {
	uint64_t seq; /* contiguous within the stream's epoch, from 1 */
	int64_t time_ns;
	int64_t resolution_ns;
	enum event_kind kind;
	const char *type;	       /* evt.type: name of the system call, or eventName */
	const struct process *process; /* NULL for cloud events */
	const struct process *lineage; /* ancestors of process, parent first; with alerts only */
	size_t lineage_count;
	const struct file_change *file;	   /* EVENT_FILE */
	const struct cloud_record *cloud;  /* EVENT_CLOUD */
	const struct heartbeat *heartbeat; /* EVENT_HEARTBEAT */
	const struct call_record *call;	   /* EVENT_CALL */
	int32_t exit_status;		   /* EVENT_EXIT: as waitpid() gives it */
	const struct alert *alerts;
	size_t alert_count;
	const void
		*encoded; /* message bytes it was decoded from, with fields this version does not recognize; or NULL.
			      * Whoever changes a decoded event sets it to NULL */
	size_t encoded_size;
};
