/*
 * axis.h: where a point in time stands on a line of limited width: long times in which nothing happened are shortened.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AXIS_POINTS_MAX 4096

struct axis_point {
	int64_t ns;
	double at;	  /* shortened time since the first point */
	bool after_break; /* time was left out before this point */
};

struct axis {
	struct axis_point points[AXIS_POINTS_MAX]; /* sorted, without repetition, once axis_close() is done */
	size_t count;
	size_t width; /* columns */
};

/* Adds a point that must be told from others; further points than fit are left out. */
void axis_add(struct axis *axis, int64_t ns);

/* Sorts, and decides what is shortened. end is shown too, however far it is. */
void axis_close(struct axis *axis, int64_t end, size_t width);

/* Column, 0..width-1; times outside are brought to the rim. */
size_t axis_column(const struct axis *axis, int64_t ns);

/* Column in the middle of the time left out before point i. */
size_t axis_break_column(const struct axis *axis, size_t i);
