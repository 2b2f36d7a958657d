/*
 * activity.h: which events are reported even when no rule holds, and what they become in the model.
 */
#pragma once

#include "agent/fim/fim.h"
#include "agent/pipeline/view.h"
#include "agent/pipeline/wants.h"

/* What a call is in the model; file_op counts for EVENT_FILE only. */
struct activity {
	enum event_kind kind;
	enum file_op op;
};

/* An open that only reads has op 0. */
struct activity activity_of(const struct sensor_event *event);

/* True if view is to be reported: execs, exits, successful changes of files that fim (may be NULL) watches, connections, and audited calls. */
bool activity_is_watched(const struct view *view, enum tier tier, const struct fim *fim);

/* The calls that watching needs. */
bool activity_wants(enum sensor_call call, enum tier tier);
