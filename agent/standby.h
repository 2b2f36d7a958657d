/*
 * standby.h: processes that wait for the death of the one that does the work, and have another one go on.
 *
 * A tracer that dies leaves threads behind whose filtered calls fail. Who is in charge has nothing to do but to notice, so that it
 * cannot die of what the tracer died of. A spare waits for the death of who is in charge, and takes its place: the worker goes on under it, and if
 * that is dead as well, the spare starts another. Where the kernel has no pidfd_open() (before 5.3) there is no spare.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

#define STANDBY_DEATHS_MAX 1000 /* of workers, under one that is in charge */
#define STANDBY_QUICK_MAX  50	/* deaths in a row, each within 100 ms after the start: going on would not help */

enum standby_role {
	STANDBY_WORKER = 1, /* this process does the work */
	STANDBY_SUCCESSOR,  /* the same, after another one was killed */
	STANDBY_OVER,	    /* the work is over: *ret_exit is the exit code */
};

/*
 * Splits the process: returns as the worker in a child, and in who is in charge, which passes signals on to it, when the last worker
 * has ended. Call it before any thread exists. Errors: ERR_FAILED.
 */
int standby_split(int *ret_exit, struct err *err);

/* True of the processes that this makes: worker, in charge, spare. Safe in any thread. */
bool standby_owns(pid_t pid);
