/*
 * activity.h: which events are reported even when no rule holds, and what they become in the model.
 */
#pragma once

#include "agent/fim/fim.h"
#include "agent/pipeline/view.h"
#include "agent/pipeline/wants.h"

/*
 * Without a rule only so much of each class is delivered: a busy workload must not fill the store with what nobody asked for. Alerts are
 * never limited, nor is what is left out ever silent.
 */
enum activity_class {
	ACTIVITY_COMMANDS,    /* execs and ends */
	ACTIVITY_FILES,	      /* changes of watched files */
	ACTIVITY_CONNECTIONS, /* and datagrams, DNS queries */
	ACTIVITY_CALLS,	      /* audited system calls */
	ACTIVITY_CLASS_COUNT
};

#define ACTIVITY_BURST_S 10 /* so many seconds' worth may come at once */

/* What a call is in the model; file_op counts for EVENT_FILE only. */
struct activity {
	enum event_kind kind;
	enum file_op op;
};

/* An open that only reads has op 0. */
struct activity activity_of(const struct sensor_event *event);

enum activity_class activity_class_of(const struct sensor_event *event);

/* True if view is to be reported: execs, exits, successful changes of files that fim (may be NULL) watches, connections, and audited calls. */
bool activity_is_watched(const struct view *view, enum tier tier, const struct fim *fim);

/* The calls that watching needs. */
bool activity_wants(enum sensor_call call, enum tier tier);
