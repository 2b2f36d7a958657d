/*
 * partitions.h: the days of table event that have a partition; every other day's events are in the default partition.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PARTITION_DAYS_MAX  400 /* away from today: a clock that is wrong must not make partitions without end */
#define PARTITION_AHEAD	    3	/* days made before they come */
#define PARTITION_CACHE_MAX (2 * PARTITION_DAYS_MAX + 2)

struct store;

struct partitions {
	pthread_mutex_t mutex; /* guards: days, count */
	int64_t days[PARTITION_CACHE_MAX];
	size_t count;
};

void partitions_init(struct partitions *partitions);
void partitions_fini(struct partitions *partitions);

/*
 * Makes sure that the day of time_ns has a partition, if it is to have one. Call outside a transaction. That one cannot be
 * made is no error (the default partition takes the day); errors: ERR_UNREACHABLE.
 */
int partitions_ensure(struct partitions *partitions, struct store *store, int64_t time_ns, int64_t now_ns,
		      struct err *err);

/* Today and the days ahead. */
int partitions_ensure_ahead(struct partitions *partitions, struct store *store, int64_t now_ns, struct err *err);
