/*
 * respond.h: does what policies ask to be done when a rule holds: kills the process, stops its container.
 *
 * Nothing is ever done unless the agent was told to (is_allowed): a file of policies alone cannot kill. Never touched are the sensor
 * itself, process 1 of the sensor's own pid namespace, and whatever the sensor does not follow. Not thread-safe.
 */
#pragma once

#include "agent/respond/stop.h"
#include "agent/sensor/sensor.h"
#include "agent/state/process_table.h"
#include "base/arena.h"
#include "model/response.h"

#define RESPONSES_PER_MIN 60 /* so many may come at once; what is more is refused, and says so */

struct responder_conf {
	bool is_allowed;
	int64_t grace_ns; /* between SIGTERM and SIGKILL of a container */
	/* Whether a process is followed by a sensor that stops it. NULL: a sensor that follows every process, and stops none. */
	bool (*is_followed)(const void *context, pid_t pid);
	/* Whether both are known to be of one container, where nobody says its name; NULL only with is_followed. */
	bool (*is_together)(const void *context, pid_t pid, pid_t other);
	const void *context;
	struct stop_note *notes; /* STOPS_MAX, in memory that outlives this process; NULL: nobody follows on */
};

struct responder;

/* Carries the stops through that a process before began. NULL without memory. */
struct responder *responder_new(const struct responder_conf *conf);

/* Containers that are being stopped have no grace any more. Accepts NULL. */
void responder_free(struct responder *responder);

/* What to do about one event. */
struct respond_order {
	unsigned int actions; /* ACTION_BIT of each */
	const struct sensor_event *event;
	const struct execution *execution; /* that did it */
	struct process_table *processes;
	bool is_before; /* the call has not been made yet */
};

/* True if a kill could be tried: allowed, and its process stopped, and one that may be touched. Changes nothing. */
bool responder_may_kill(const struct responder *responder, const struct respond_order *order);

/*
 * Does it. Returns how many responses there are, one for each action of ACTIONS_RESPONDING; their details lie in arena.
 */
size_t responder_act(struct responder *responder, const struct respond_order *order, struct arena *arena,
		     struct response out[RESPONSES_MAX]);

/* Ends containers whose grace is over. Often; costs nothing if none is being stopped. */
void responder_step(struct responder *responder);
