/*
 * collector.h: the collector of this machine as a process: is it running, where is its program, what did it last say.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "conf/state.h"

/*
 * Opens a handle on the running collector of a state folder, whose pid goes to *ret_pid. Returns the handle (a pidfd; the
 * caller closes), 0 when none runs. A pid file that a crash left behind, or whose number another program has now, is none.
 */
int collector_open(const char *state, pid_t *ret_pid, struct err *err);

/* Path of a program of ours: beside this one, else in PATH. Errors: ERR_NOT_FOUND. */
int collector_program(const char *name, char out[STATE_PATH_MAX], struct err *err);

/*
 * Appends what one line of the log says, without time and id, escaped; false for an empty line. *ret_is_error tells errors
 * from the rest.
 */
bool collector_log_line(const char *line, size_t length, struct strbuf *out, bool *ret_is_error);
