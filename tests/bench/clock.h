/*
 * clock.h: processor time of a bench, and the order of its rounds.
 */
#pragma once

#include <stddef.h>

/* Of this thread, in nanoseconds. */
double clock_now(void);

/* Sorts what the rounds took: the median is in the middle. */
void clock_sort(double *times, size_t count);
