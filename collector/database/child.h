/*
 * child.h: PostgreSQL's programs as our children: own process group, a clean environment, output into a file, and an end
 * when we end.
 */
#pragma once

#include <sys/types.h>

#include "base/err.h"

/* Starts args[0] with stdout and stderr on fd log. Call from the main thread: the child dies with the thread that made it. */
int child_start(const char *const *args, int log, pid_t *ret_pid, struct err *err);

/* Starts and waits; returns the exit status (128 + signal), or a negative code. */
int child_run(const char *const *args, int log, struct err *err);
