/*
 * target.h: a process that is to be signalled, held by a descriptor, so that no other can get the signal.
 */
#pragma once

#include "agent/sensor/sensor.h"
#include "agent/state/process_table.h"

/*
 * A pidfd of the process that did event, which nobody holds: its number may belong to another by now. It is the same one if it began
 * before the event; what began within the kernel's 10 ms around it must still run the program of execution. -1: *ret_reason says
 * why not.
 */
int target_open(const struct sensor_event *event, const struct execution *execution, const char **ret_reason);

/* A pidfd of a process whose number cannot go to another meanwhile, because the caller traces it. -1: errno says why not. */
int target_hold(pid_t pid);

/* Signals by pidfd; errno as kill(). */
bool target_signal(int pidfd, int signal);

/* True once the process has ended. */
bool target_has_ended(int pidfd);

/* The first process of the pid namespace that pid is in, or 0: not found, or it is the caller's own namespace. */
pid_t target_namespace_first(pid_t pid);
