/*
 * cluster.h: the private PostgreSQL cluster as files: its programs, its data folder, who may connect.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "conf/state.h"

#define CLUSTER_MAJOR	     "15"	/* made with this major version */
#define CLUSTER_DATABASE     "clewline" /* also the role's name */
#define CLUSTER_CONNINFO_MAX (STATE_PATH_MAX + 128)

struct cluster {
	char programs[STATE_PATH_MAX]; /* folder of postgres and initdb */
	char data[STATE_PATH_MAX];
	char socket[STATE_PATH_MAX];
	char log[STATE_PATH_MAX];
};

/*
 * Finds the programs, makes the data folder if there is none, and writes who may connect: this user and root, by peer
 * authentication on the socket. Never deletes data. Errors: ERR_NOT_FOUND without PostgreSQL, ERR_LIMIT when the socket's
 * path is too long, ERR_FAILED with what to do when the data is of another major version.
 */
int cluster_prepare(const char *state, struct cluster *ret, struct err *err);

/* Writes libpq's connection string; returns out. */
char *cluster_conninfo(const struct cluster *cluster, const char *database, char out[CLUSTER_CONNINFO_MAX]);

/* True once the server with this process id takes connections, as its lock file says (what pg_ctl looks at, too). Never waits. */
bool cluster_is_ready(const struct cluster *cluster, pid_t pid);

/* Last line of the log that says why, for error messages; "" when there is none. */
void cluster_last_log(const struct cluster *cluster, char *out, size_t size);

/* Opens the log for appending; the caller closes. A large one is put aside first, once. */
int cluster_log_open(const struct cluster *cluster, struct err *err);
