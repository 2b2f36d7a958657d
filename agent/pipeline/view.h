/*
 * view.h: one sensor event together with the state around it, and the fields that rules read from it.
 */
#pragma once

#include "agent/sensor/sensor.h"
#include "agent/state/process_table.h"
#include "base/arena.h"
#include "model/field.h"

struct view {
	const struct sensor_event *event;
	const struct execution *process; /* never NULL */
	const char *path, *path2;	 /* absolute; NULL if the call has none or it could not be read */
	uint64_t number;		 /* evt.num */
	const char *hostname;
	struct arena *arena; /* for composed texts; lives as long as the event */
};

/* The field_reader function over a struct view. */
bool view_read(const void *view, enum field field, const char *argument, struct value *ret);

/* A row of the table of readers; view_event.c and view_process.c hold one part each. */
typedef bool (*view_reader)(const struct view *view, const char *argument, struct value *ret);
extern const view_reader view_event_readers[FIELD_COUNT];
extern const view_reader view_process_readers[FIELD_COUNT];

/* Value of evt.arg.NAME or evt.arg[N] (raw: evt.rawarg), and all of them as evt.args. In view_args.c. */
bool view_arg(const struct view *view, const char *name, bool raw, struct value *ret);
bool view_args(const struct view *view, struct value *ret);

/* Sets *ret to text; false for NULL. */
bool view_set_text(struct value *ret, const char *text);
