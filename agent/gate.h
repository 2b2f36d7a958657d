/*
 * gate.h: where launchers knock: the sidecar's Unix socket. One thread of its own hears their hellos, so that a slow or
 * hostile one never holds up the tracer; the tracer's thread takes the requests, seizes, and answers.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "agent/launch/handshake.h"
#include "agent/sensor/trace/filter.h"

#define GATE_QUEUE_MAX 64 /* launchers waiting; more are turned away and start unfiltered */

struct gate;

struct gate_request {
	int fd; /* closed by gate_answer() */
	pid_t pid;
	uint16_t version;	      /* that the launcher is answered in */
	char uri[LAUNCH_URI_MAX + 1]; /* the launcher's metadata endpoint, "" if it has none */
	void *prepared;		      /* what prepare() returned */
};

struct gate_conf {
	const char *path;
	/* Runs in the gate's thread before the request is queued, for slow things; may be NULL. */
	void *(*prepare)(void *context, const struct gate_request *request);
	/* Tells the tracer's thread that gate_take() has something. */
	void (*wake)(void *context);
	void *context;
};

/* Errors: ERR_FAILED with the path. A socket left behind by another run is replaced. */
int gate_open(const struct gate_conf *conf, struct gate **ret, struct err *err);
void gate_close(struct gate *gate); /* accepts NULL */

bool gate_take(struct gate *gate, struct gate_request *ret);

/*
 * filter counts for LAUNCH_GO, reason for the others. A verdict that the launcher's version does not know is replaced by the nearest
 * that it does. Never blocks.
 */
void gate_answer(struct gate_request *request, enum launch_verdict verdict, const struct filter *filter,
		 const char *reason);
