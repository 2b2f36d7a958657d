/*
 * tracer.h: the ptrace half of the trace sensor: seizes processes, follows all they start, and turns their stops into
 * sensor events.
 *
 * All functions must be called by the thread that made the tracer (ptrace is per thread). That thread should have
 * SIGCHLD blocked and wait for it (sigtimedwait) between two calls of tracer_step().
 */
#pragma once

#include "agent/sensor/sensor.h"

#define TRACEES_MAX 65536 /* threads followed at a time */

struct tracer;

int tracer_new(sensor_handler handler, void *context, struct tracer **ret, struct err *err);

/* Lets go of nothing: what is still traced keeps its filter and loses its tracer. Accepts NULL. */
void tracer_free(struct tracer *tracer);

/* Follows pid (a process of one thread) from now on, without stopping it. Errors: ERR_DENIED, ERR_NOT_FOUND, ERR_FAILED. */
int tracer_seize(struct tracer *tracer, pid_t pid, struct err *err);

/* Handles stops and ends that are waiting, delivering events; never blocks. True if more of them may wait. */
bool tracer_step(struct tracer *tracer);

size_t tracer_count(const struct tracer *tracer); /* threads followed now */

/* Wait status of pid, once it has ended; false before. Only the last one asked for by tracer_watch() is kept. */
void tracer_watch(struct tracer *tracer, pid_t pid);
bool tracer_ended(const struct tracer *tracer, int *ret_status);
