/*
 * view.h: one sensor event together with the state around it, and the fields that rules read from it. What has a price is found
 * out when the first rule asks for it, and kept until the event is done with.
 */
#pragma once

#include "agent/proc/path.h"
#include "agent/sensor/sensor.h"
#include "agent/state/process_table.h"
#include "base/arena.h"
#include "model/field.h"

struct proc_fd;
struct written;

/* What has been found out of an event so far. */
struct view_found {
	bool has_ids, has_path, has_path2, has_socket, has_fd;
	const char *path, *path2; /* absolute; NULL if the call has none or it could not be read */
	struct sensor_socket socket;
	const struct sensor_socket *known_socket;
	const struct proc_fd *fd;
};

struct view {
	const struct sensor_event *event;
	struct execution *process; /* never NULL */
	struct process_table *processes;
	struct written *written; /* NULL: no rule asks */
	uint64_t number;	 /* evt.num */
	const char *hostname;
	struct arena *arena; /* for composed texts; lives as long as the event */
	struct view_found *found;
};

/* The field_reader function over a struct view. */
bool view_read(const void *view, enum field field, const char *argument, struct value *ret);

/* A row of the table of readers; view_event.c, view_fd.c, view_process.c and view_drift.c hold one part each. */
typedef bool (*view_reader)(const struct view *view, const char *argument, struct value *ret);
extern const view_reader view_event_readers[FIELD_COUNT];
extern const view_reader view_fd_readers[FIELD_COUNT];
extern const view_reader view_process_readers[FIELD_COUNT];
extern const view_reader view_drift_readers[FIELD_COUNT];

/* The paths of the call, absolute: the sensor's, else by text. NULL if it has none or nothing is known. */
const char *view_path(const struct view *view);
const char *view_path2(const struct view *view);

/* Brings user and group of the process up to date. In view_process.c. */
void view_ids(const struct view *view);

/* False while a field may still change before the call has its result; is_known of a partial_event. In view_known.c. */
bool view_is_known(const void *view, enum field field, const char *argument);

/* The socket of the call, as far as it is known; NULL if it is not about one. In view_fd.c. */
const struct sensor_socket *view_socket(const struct view *view);

/* Names in the root of the process, or NULL. In view_process.c. */
const char *view_user_name(const struct view *view, uint32_t uid);
const char *view_group_name(const struct view *view, uint32_t gid);

/* Value of evt.arg.NAME or evt.arg[N] (raw: evt.rawarg), and all of them as evt.args. In view_args.c. */
bool view_arg(const struct view *view, const char *name, bool raw, struct value *ret);
bool view_args(const struct view *view, struct value *ret);

/* All parameters that have a value; returns how many. */
size_t view_params(const struct view *view, struct call_param params[CALL_PARAMS_MAX]);

/* Adds what is known beside the parameters: names and DNS. Returns the count of all. */
size_t view_side_params(const struct view *view, struct call_param params[CALL_PARAMS_MAX], size_t count);

/* Sets *ret to text; false for NULL. */
bool view_set_text(struct value *ret, const char *text);
