#include "tests/bench/clock.h"

#include <stdlib.h>
#include <time.h>

double clock_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

void clock_sort(double *times, size_t count)
{
	qsort(times, count, sizeof(*times), compare);
}
