/*
 * filter.h: the seccomp program that decides inside the kernel which calls stop for the tracer: those somebody wants,
 * with their arguments tested, and the few that would let a process escape.
 */
#pragma once

#include <linux/filter.h>
#include <stddef.h>

#include "agent/sensor/sensor.h"

#define FILTER_MAX	   2048 /* instructions; the kernel allows 4096 */
#define FILTER_SENSORS_MAX 2	/* processes of the sensor: the one that traces, the one that stands by */

struct filter {
	struct sock_filter code[FILTER_MAX];
	size_t count;
};

/*
 * Builds the program for wants. Calls of this machine's second table (i386) are tested like its own; x32 calls, other tables and
 * clone3 fail with ENOSYS: the C libraries fall back, and nothing gets past. clone() with CLONE_UNTRACED stops. sensors are
 * the processes that signals to are of interest; 0 = none. Errors: ERR_LIMIT.
 */
int filter_build(const struct sensor_wants *wants, const pid_t sensors[FILTER_SENSORS_MAX], struct filter *ret,
		 struct err *err);

/* Sets no_new_privs and installs the program for the calling thread and all it starts. Errors: ERR_DENIED, ERR_FAILED. */
int filter_install(const struct filter *filter, struct err *err);
