/*
 * call.h: one system call of a stopped thread, from its entry to its result, as a sensor_event.
 */
#pragma once

#include "agent/proc/path.h"
#include "agent/sensor/sensor.h"
#include "agent/sensor/trace/calls.h"

/* A call that has been entered; what the event's texts point at. */
struct pending_call {
	struct pending_call *next; /* in the tracer's list of spare ones */
	struct sensor_event event;
	char path[PATH_MAX], path2[PATH_MAX], real[PATH_MAX], real2[PATH_MAX];
};

/* Reads the arguments. A path that cannot be read leaves event.path NULL: the call will fail with EFAULT anyway. */
void call_enter(struct pending_call *pending, const struct trace_call *row, pid_t tid, pid_t pid,
		const uint64_t args[6]);

/* Adds the result, and the exact path that an opened descriptor has. */
void call_exit(struct pending_call *pending, int64_t result);

/* True if the kernel will start the call again by itself: this result never reaches the program. */
bool call_restarts(int64_t result);
