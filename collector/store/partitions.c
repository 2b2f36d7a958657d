#include "collector/store/partitions.h"

#include <stdbool.h>
#include <stdio.h>

#include "base/time.h"
#include "store/store.h"

#define DAY_NS	      (INT64_C(86400) * NS_PER_S)
#define STATEMENT_MAX 256

void partitions_init(struct partitions *partitions)
{
	pthread_mutex_init(&partitions->mutex, NULL);
	partitions->count = 0;
}

void partitions_fini(struct partitions *partitions)
{
	pthread_mutex_destroy(&partitions->mutex);
}

static bool is_known(struct partitions *partitions, int64_t day)
{
	bool is_found = false;

	pthread_mutex_lock(&partitions->mutex);
	for (size_t i = partitions->count; i > 0 && !is_found; i--)
		is_found = partitions->days[i - 1] == day;
	pthread_mutex_unlock(&partitions->mutex);
	return is_found;
}

static void remember(struct partitions *partitions, int64_t day)
{
	pthread_mutex_lock(&partitions->mutex);
	/* The cache holds every day there can be, except over years of running: then it begins anew. */
	if (partitions->count == PARTITION_CACHE_MAX)
		partitions->count = 0;
	partitions->days[partitions->count++] = day;
	pthread_mutex_unlock(&partitions->mutex);
}

/* Only digits of dates go into the text: a partition's name and bounds cannot be parameters. */
static int create(struct store *store, int64_t day, struct err *err)
{
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX], statement[STATEMENT_MAX];
	int code;

	time_format(day * DAY_NS, 0, from);
	time_format((day + 1) * DAY_NS, 0, until);
	snprintf(statement, sizeof(statement),
		 "CREATE TABLE IF NOT EXISTS event_%.4s%.2s%.2s PARTITION OF event FOR VALUES FROM ('%.10s "
		 "00:00:00+00') "
		 "TO ('%.10s 00:00:00+00')",
		 from, from + 5, from + 8, from, until);
	if (store_begin(store, err) < 0)
		return err->code;
	/* It waits for every running insert; new inserts wait for it. Not for long. */
	code = store_command(store, "SET LOCAL lock_timeout = '5s'", err);
	if (code == 0)
		code = store_command(store, statement, err);
	if (code == 0)
		return store_commit(store, err);
	store_rollback(store);
	return code;
}

int partitions_ensure(struct partitions *partitions, struct store *store, int64_t time_ns, int64_t now_ns,
		      struct err *err)
{
	int64_t day = time_ns / DAY_NS - (time_ns % DAY_NS < 0), today = now_ns / DAY_NS;
	struct err reason = { 0 };

	if (day < today - PARTITION_DAYS_MAX || day > today + PARTITION_DAYS_MAX || is_known(partitions, day))
		return 0;
	if (create(store, day, &reason) < 0 && reason.code == ERR_UNREACHABLE)
		return err_set(err, ERR_UNREACHABLE, "%s", reason.message);
	remember(partitions, day);
	return 0;
}

int partitions_ensure_ahead(struct partitions *partitions, struct store *store, int64_t now_ns, struct err *err)
{
	for (int i = 0; i <= PARTITION_AHEAD; i++) {
		if (partitions_ensure(partitions, store, now_ns + i * DAY_NS, now_ns, err) < 0)
			return err->code;
	}
	return 0;
}
