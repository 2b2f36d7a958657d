/*
 * stop.h: a container that is being stopped, as it stands in memory that outlives the process which began that.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#define STOPS_MAX 64 /* containers that are being stopped at a time */

struct stop_note {
	_Atomic pid_t pid; /* of its first process; 0 = free. Written last, and taken away first */
	int64_t start_ns;  /* when that began, since 1970 UTC, accurate to 10 ms */
	int64_t due_ns;	   /* CLOCK_MONOTONIC: when it is killed */
};
