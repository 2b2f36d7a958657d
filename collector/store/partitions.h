/*
 * partitions.h: the days of table event that have a partition; every other day's events are in the default partition.
 */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Days back from today that get a partition when an event of theirs comes. A clock that is wrong must not make partitions:
 * an agent's batch is rarely older than its spool, while a trail may be read from its beginning.
 */
#define PARTITION_AGENT_DAYS 7
#define PARTITION_CLOUD_DAYS 400
#define PARTITION_AHEAD	     3 /* days made before they come; no other day of the future gets one */
#define PARTITION_CACHE_MAX  1024

struct store;

struct partitions {
	pthread_mutex_t mutex; /* guards: days, count */
	int64_t days[PARTITION_CACHE_MAX];
	size_t count;
	const char *owner; /* conninfo of who may make them; NULL: the connection at hand may */
};

void partitions_init(struct partitions *partitions);
void partitions_fini(struct partitions *partitions);

/*
 * Makes sure that the day of time_ns has a partition, if it is not more than days_back old. Rows of that day that the default
 * partition took before move into it. Call outside a transaction. That one cannot be made is no error (the default partition
 * takes the day); errors: ERR_UNREACHABLE.
 */
int partitions_ensure(struct partitions *partitions, struct store *store, int64_t time_ns, int64_t now_ns,
		      int64_t days_back, struct err *err);

/* Makes the partition of a day, whatever its age, for somebody who knows that the day is true; the owner only. */
int partitions_make(struct store *store, int64_t day_ns, struct err *err);

/* event_YYYYMMDD; digits of the day only, so that it may stand in a statement. */
#define PARTITION_NAME_MAX 32
char *partitions_name(int64_t day_ns, char out[PARTITION_NAME_MAX]);

/* Detaches and drops a partition by its name; within a transaction. Errors: ERR_AGAIN when it is in use for too long. */
int partitions_drop(struct store *store, const char *name, struct err *err);

/* Today and the days ahead. */
int partitions_ensure_ahead(struct partitions *partitions, struct store *store, int64_t now_ns, struct err *err);
