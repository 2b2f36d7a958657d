/*
 * standby.h: a process that waits for the death of the one that does the work, and starts another that goes on.
 *
 * A tracer that dies leaves threads behind whose filtered calls fail. The standby has nothing to do but to notice, so that it
 * cannot die of what the tracer died of.
 */
#pragma once

#include "base/err.h"

#define STANDBY_DEATHS_MAX 1000 /* of one run */
#define STANDBY_QUICK_MAX  50	/* deaths in a row, each within 100 ms after the start: going on would not help */

enum standby_role {
	STANDBY_WORKER = 1, /* this process does the work */
	STANDBY_SUCCESSOR,  /* the same, after another one was killed */
	STANDBY_OVER,	    /* the work is over: *ret_exit is the exit code */
};

/*
 * Splits the process: returns as the worker in a child, and in the parent, which passes signals on to it, when the last worker
 * has ended. Call it before any thread exists. Errors: ERR_FAILED.
 */
int standby_split(int *ret_exit, struct err *err);
