/*
 * state.h: the state folder: where it is by default, and what its members are called (docs/operations.md).
 */
#pragma once

#include "base/err.h"

#define STATE_PATH_MAX	  4096
#define STATE_FOLDER_ROOT "/var/lib/clewline"

#define STATE_API_SOCKET    "api.sock"
#define STATE_INTAKE_SOCKET "intake.sock"
#define STATE_PG	    "pg"
#define STATE_PG_SOCKET	    "pg.sock"
#define STATE_PG_LOG	    "postgres.log"
#define STATE_PID	    "collector.pid"
#define STATE_LOG	    "collector.log"
#define STATE_AUTHORITY	    "ca"
#define STATE_SPOOL	    "spool"
#define STATE_ARCHIVE	    "archive"

/*
 * Writes the absolute path of the state folder: wanted (or, when NULL, the default for who runs this). Creates nothing.
 * Errors: ERR_USAGE when there is no home folder to put it in, ERR_LIMIT when the path is too long.
 */
int state_folder(const char *wanted, char out[STATE_PATH_MAX], struct err *err);

/* Writes folder + "/" + name. Errors: ERR_LIMIT. */
int state_path(const char *folder, const char *name, char out[STATE_PATH_MAX], struct err *err);
