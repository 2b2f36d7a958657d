/*
 * lanes.h: which things of an investigation have a line of their own in the drawing, and when they lived; for this folder only.
 */
#pragma once

#include "report/axis.h"
#include "report/parts.h"

#define LANES_MAX 12
#define ACTS_MAX  64 /* links shown by one event */

struct lane_kind {
	const char *name;
	const char *entities[4]; /* kinds that have a lane of their own */
	enum glyph line;
	const char *blinded_by; /* what the sources begin with whose gaps hide it */
};

struct lane {
	const struct lane_kind *kind;
	const json_t *entity; /* or NULL */
	int64_t first, last;
	int64_t deleted_at; /* 0 = not */
};

struct lanes {
	struct report *report;
	json_t *acts; /* event -> links by which somebody acted */
	struct axis axis;
	struct lane rows[LANES_MAX];
	size_t count;
};

/* Finds lanes and times. report and acts (an empty object) are set. */
void lanes_collect(struct lanes *lanes);

/* The lane of a row of the timeline; NULL when it has none, or there is no room and make is set. */
struct lane *lanes_of_row(struct lanes *lanes, const json_t *row, bool make);

/* link is NULL for the lane of who acted. */
typedef void lane_visit(struct lane *lane, const json_t *row, const json_t *link, void *context);

/* What was done stands on the lane of who did it and of what it was done to, wherever the row itself belongs. */
void lanes_each_end(struct lanes *lanes, const json_t *row, lane_visit *visit, void *context);

/* The drawing ends with the window where something is not known until then, else with the last thing that happened. */
int64_t lanes_end(const struct lanes *lanes);
