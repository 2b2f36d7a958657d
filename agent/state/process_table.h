/*
 * process_table.h: who is running: process ids to executions, each with its line of ancestors, which live on here as long as
 * a descendant does.
 *
 * A sensor's events build it; what began before the sensor looked is read from /proc on first sight. Not thread-safe.
 */
#pragma once

#include "agent/proc/proc.h"
#include "agent/state/container.h"
#include "agent/state/exe_facts.h"
#include "agent/state/exec_session.h"
#include "agent/state/users.h"
#include "model/event.h"

#define EXECUTIONS_MAX 65536 /* processes known at a time; past it the one longest unheard of is forgotten */
#define ANCESTORS_MAX  64    /* kept per process */
#define ENDED_MAX      256   /* processes that have ended and may still be asked for; the newest */

/* What an exec set; shared by all forks of it. */
struct program_image {
	unsigned int refs;
	char name[PROC_NAME_MAX];
	const char *exe_path; /* or NULL */
	size_t arg_count;
	const char **args; /* in the same block of memory */
};

struct execution {
	struct process view;	  /* as it is shipped; its texts lie in image and below */
	struct execution *parent; /* NULL = not known */
	unsigned int refs;	  /* the table's, and one of each child */
	struct program_image *image;
	const struct container_identity *container;				   /* NULL on a host */
	char user[USER_NAME_MAX], group[USER_NAME_MAX], login_user[USER_NAME_MAX]; /* "" = not known */
	char exec_session[EXEC_SESSION_MAX];					   /* "" = started in none */
	int64_t loginuid;
	struct proc_stat stat;
	bool is_stat_fresh; /* else it may be that of before an exec; see process_table_stat() */
	char *cwd;	    /* or NULL; as of the exec, or when it was asked for */
	bool is_folder_asked;
	bool is_root_plain;	    /* its root is that of its mount namespace */
	int64_t container_start_ns; /* when the container's first process was taken in; 0 outside */
	struct exe_facts facts; /* as far as somebody asked; process_table_file() and process_table_environment() */
	bool announced;		/* an event that describes it has been shipped */
	uint64_t heard;		/* the table's clock when it last did something */
};

/* Finds the container of a process that has no known parent; NULL = none. May be NULL itself. */
typedef const struct container_identity *(*container_lookup)(void *context, pid_t pid);

struct process_table;

struct process_table *process_table_new(container_lookup lookup, void *context); /* NULL without memory */
void process_table_free(struct process_table *table);				 /* accepts NULL */

/* The execution that pid is in, made from /proc if need be; NULL without memory. Borrowed until the table is next changed. */
struct execution *process_table_get(struct process_table *table, pid_t pid);

/* pid started child. */
struct execution *process_table_fork(struct process_table *table, pid_t pid, pid_t child, int64_t time_ns);

/* What a sensor saw of an exec by itself; a NULL is asked of /proc. */
struct exec_facts {
	const char *comm, *exe_path, *cwd;
	const char *args; /* each ended by NUL */
	size_t args_length;
	uint32_t uid, gid; /* only if has_ids */
	bool has_ids;
	bool is_in_place; /* root and namespaces are those of the program before */
	int64_t time_ns;
};

/* pid is now running another program. */
struct execution *process_table_exec(struct process_table *table, pid_t pid, const struct exec_facts *facts);

/* Takes over changed ids (setuid and friends). */
void process_table_ids(struct process_table *table, struct execution *execution, uint32_t uid, uint32_t gid);

/*
 * The execution that pid was in at a time not long ago, for those who hear of it late: one that has ended meanwhile, too. pid 0 is
 * nobody: an execution without number and name.
 */
struct execution *process_table_at(struct process_table *table, pid_t pid, int64_t time_ns);

/* True if pid is in the table, or has ended lately. Does not ask /proc. */
bool process_table_knows(const struct process_table *table, pid_t pid);

/*
 * The oldest living process, of those that are wanted, that belongs together with that of execution: by the container, if that is
 * known; else by what is_together says of a process and the other; else by descent. 0 = none.
 */
struct together {
	bool (*is_wanted)(const void *context, pid_t pid);
	bool (*is_together)(const void *context, pid_t pid, pid_t other); /* false: not known */
	const void *context;
};
pid_t process_table_first(const struct process_table *table, const struct execution *execution,
			  const struct together *together);

void process_table_exit(struct process_table *table, pid_t pid);

/*
 * Everything that pid starts from now on belongs to container, which was started at start_ns; 0: with pid.
 */
void process_table_assign(struct process_table *table, pid_t pid, const struct container_identity *container,
			  int64_t start_ns);

/* Terminal, session and group, which change after the start; borrowed. */
const struct proc_stat *process_table_stat(struct execution *execution);

/* The process as it is shipped, with the folder it works in; that is not read for those that nobody asks about. Borrowed. */
const struct process *process_table_view(struct execution *execution);

/* What is known of the executable, and the environment that it was started with; borrowed as long as execution lives. */
const struct exe_facts *process_table_file(struct execution *execution);
const struct exe_facts *process_table_environment(struct execution *execution);

/* Name of a user or group in the root of pid. False if there is none. */
bool process_table_user(struct process_table *table, pid_t pid, uint32_t uid, char out[USER_NAME_MAX]);
bool process_table_group(struct process_table *table, pid_t pid, uint32_t gid, char out[USER_NAME_MAX]);

size_t process_table_count(const struct process_table *table);
uint64_t process_table_evicted(const struct process_table *table);
