/*
 * call.h: one system call of a stopped thread, from its entry to its result, as a sensor_event.
 */
#pragma once

#include "agent/proc/path.h"
#include "agent/proc/proc.h"
#include "agent/proc/roots.h"
#include "agent/sensor/sensor.h"
#include "agent/sensor/trace/calls.h"

/* A call that has been entered; what the event's texts point at. */
struct pending_call {
	struct pending_call *next; /* in the tracer's list of spare ones */
	bool is_unneeded;	   /* followed to its end for its effect alone */
	struct roots *roots;	   /* the tracer's */
	struct sensor_event event;
	struct sensor_socket socket;
	struct proc_capabilities capabilities;
	char path[PATH_MAX], path2[PATH_MAX], real[PATH_MAX], real2[PATH_MAX];
	char texts[SENSOR_TEXTS_MAX][SENSOR_TEXT_MAX];
};

/* Where a call comes from. */
struct call_origin {
	pid_t tid, pid;
	enum arch arch;
	struct roots *roots;
	bool is_memory_shared; /* other threads run in the same memory */
};

/* Reads the arguments. A path that cannot be read leaves event.path NULL: the call will fail with EFAULT anyway. */
void call_enter(struct pending_call *pending, enum sensor_call call, const struct call_origin *origin,
		const uint64_t args[6]);

/* What has to be looked at before the call changes it; new_files: whether an open will make its file. */
void call_look(struct pending_call *pending, bool new_files);

/* Adds the result, and the exact path that an opened descriptor has. */
void call_exit(struct pending_call *pending, int64_t result);

/* True if the kernel will start the call again by itself: this result never reaches the program. */
bool call_restarts(int64_t result);

/* Reads the arguments that i386's socketcall has in memory. */
bool call_read_socketcall(pid_t tid, uint64_t address, uint64_t ret_args[6]);
