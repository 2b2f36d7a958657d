#include "report/axis.h"

#include <stdlib.h>

#define BREAK_FACTOR 5	  /* times the median distance: what is longer is shortened to that */
#define TAIL_SHARE   0.2  /* of the whole, for the time after the last point */
#define HEAD_ROOM    0.02 /* so that the first point does not stand on the rim */

void axis_add(struct axis *axis, int64_t ns)
{
	if (axis->count < AXIS_POINTS_MAX - 1)
		axis->points[axis->count++] = (struct axis_point){ .ns = ns };
}

static int compare_points(const void *a, const void *b)
{
	const struct axis_point *left = a, *right = b;

	return (left->ns > right->ns) - (left->ns < right->ns);
}

static int compare_numbers(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double distance(const struct axis *axis, size_t i)
{
	return (double)(axis->points[i].ns - axis->points[i - 1].ns) / 1e9;
}

static double median_distance(const struct axis *axis)
{
	double *distances = calloc(axis->count, sizeof(*distances)), median;

	if (!distances)
		return 1;
	for (size_t i = 1; i < axis->count; i++)
		distances[i - 1] = distance(axis, i);
	qsort(distances, axis->count - 1, sizeof(*distances), compare_numbers);
	/* The upper half: bursts of system calls would otherwise make every pause of a second a break. */
	median = distances[(axis->count - 1) / 2];
	free(distances);
	return median;
}

static void remove_repeated(struct axis *axis)
{
	size_t kept = 0;

	for (size_t i = 0; i < axis->count; i++) {
		if (!kept || axis->points[i].ns != axis->points[kept - 1].ns)
			axis->points[kept++] = axis->points[i];
	}
	axis->count = kept;
}

static void add_end(struct axis *axis, int64_t end)
{
	struct axis_point *last = &axis->points[axis->count - 1];
	double tail = last->at > 0 ? last->at * TAIL_SHARE : 1, real;

	if (end <= last->ns)
		return;
	real = (double)(end - last->ns) / 1e9;
	axis->points[axis->count] = (struct axis_point){
		.ns = end,
		.at = last->at + (real < tail ? real : tail),
		.after_break = last->at > 0 && real > tail,
	};
	axis->count++;
}

void axis_close(struct axis *axis, int64_t end, size_t width)
{
	double longest;

	axis->width = width;
	if (!axis->count)
		axis_add(axis, end);
	qsort(axis->points, axis->count, sizeof(axis->points[0]), compare_points);
	remove_repeated(axis);
	longest = axis->count > 2 ? BREAK_FACTOR * median_distance(axis) : 0;
	for (size_t i = 1; i < axis->count; i++) {
		double length = distance(axis, i);
		bool is_long = longest > 0 && length > longest;

		axis->points[i].at = axis->points[i - 1].at + (is_long ? longest : length);
		axis->points[i].after_break = is_long;
	}
	add_end(axis, end);
}

static size_t column_at(const struct axis *axis, double at)
{
	double whole = axis->points[axis->count - 1].at;

	if (whole <= 0 || axis->width < 2)
		return axis->width / 3;
	return (size_t)((HEAD_ROOM + at / whole * (1 - HEAD_ROOM)) * (double)(axis->width - 1) + 0.5);
}

size_t axis_column(const struct axis *axis, int64_t ns)
{
	const struct axis_point *points = axis->points;

	if (ns < points[0].ns)
		return 0;
	for (size_t i = 1; i < axis->count; i++) {
		if (ns > points[i].ns)
			continue;
		return column_at(axis, points[i - 1].at + (points[i].at - points[i - 1].at) *
								  (double)(ns - points[i - 1].ns) /
								  (double)(points[i].ns - points[i - 1].ns));
	}
	return column_at(axis, points[axis->count - 1].at);
}

size_t axis_break_column(const struct axis *axis, size_t i)
{
	return column_at(axis, (axis->points[i - 1].at + axis->points[i].at) / 2);
}
