#include "collector/upkeep.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/time.h"
#include "collector/archive/expired.h"
#include "collector/store/halt.h"
#include "collector/store/partitions.h"
#include "collector/store/retention.h"
#include "collector/store/sql.h"
#include "collector/store/thin.h"

#define UPKEEP_PERIOD_NS (600 * NS_PER_S)
#define ANSWER_MAX	 (1u << 20)

struct upkeep {
	const char *conninfo, *archive;
	struct halt *halt;
	pthread_t thread;
	pthread_mutex_t mutex; /* guards: is_stopping */
	pthread_cond_t stopping;
	bool is_stopping;
};

struct lock_row {
	bool is_locked;
};
static const struct column lock_columns[] = { COLUMN(lock_row, is_locked, BOOL) };
static const struct row_shape lock_shape = ROW_SHAPE(lock_row, lock_columns);

/* Of the session: a collector that dies gives it back. */
static bool take_turn(struct store *store)
{
	struct lock_row *row;
	AUTO_PARAMS params;
	AUTO_ARENA arena;
	size_t count;

	arena_init(&arena, ANSWER_MAX);
	params_init(&params, &sql_statements[SQL_UPKEEP_LOCK]);
	return store_read(store, &params, &lock_shape, &arena, &row, &count, &(struct err){ 0 }) == 0 && count &&
	       row->is_locked;
}

static int do_all(const struct upkeep *upkeep, struct store *store, struct err *err)
{
	struct partitions partitions;
	int64_t now = time_now_ns(), thinned = 0, archived = 0;
	struct retention_result ended = { 0 };
	int code;

	partitions_init(&partitions);
	code = partitions_ensure_ahead(&partitions, store, now, err);
	partitions_fini(&partitions);
	if (code == 0)
		code = thin_batches(store, now - THIN_KEEP_NS, THIN_ROWS_MIN, &thinned, err);
	if (code == 0)
		code = expired_archive(store, upkeep->archive, upkeep->halt, now, &archived, err);
	if (code == 0)
		code = retention_apply(store, now, &ended, err);
	if (ended.days || ended.events)
		log_info("retention-applied",
			 "%" PRId64 " days were dropped whole; %" PRId64 " events and %" PRId64
			 " rows derived from what is gone were deleted",
			 ended.days, ended.events, ended.derived);
	if (archived)
		log_info("days-archived", "%" PRId64 " events are in the archive now, and not in the database",
			 archived);
	if (thinned)
		log_info("batches-thinned", "keys of %" PRId64 " batches became runs of numbers", thinned);
	return code;
}

static void upkeep_once(const struct upkeep *upkeep)
{
	struct halt_work *work = NULL;
	struct err err = { 0 };
	struct store *store;

	if (store_open(upkeep->conninfo, &store, &err) < 0)
		return;
	if (halt_enter(upkeep->halt, store, &work, &err) == 0 && take_turn(store) &&
	    do_all(upkeep, store, &err) < 0 && halt_check(upkeep->halt, &err) == 0)
		log_warn("upkeep-failed", "upkeep of the store will be tried again: %s", err.message);
	halt_leave(upkeep->halt, work);
	store_close(store);
}

static void *upkeep_run(void *context)
{
	struct upkeep *upkeep = context;
	struct timespec until;

	pthread_mutex_lock(&upkeep->mutex);
	while (!upkeep->is_stopping) {
		pthread_mutex_unlock(&upkeep->mutex);
		upkeep_once(upkeep);
		pthread_mutex_lock(&upkeep->mutex);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += UPKEEP_PERIOD_NS / NS_PER_S;
		while (!upkeep->is_stopping && pthread_cond_timedwait(&upkeep->stopping, &upkeep->mutex, &until) == 0)
			;
	}
	pthread_mutex_unlock(&upkeep->mutex);
	return NULL;
}

int upkeep_start(const char *conninfo, const char *archive, struct halt *halt, struct upkeep **ret, struct err *err)
{
	struct upkeep *upkeep = calloc(1, sizeof(*upkeep));
	pthread_condattr_t attributes;

	if (!upkeep)
		return err_set(err, ERR_MEMORY, "out of memory");
	upkeep->conninfo = conninfo;
	upkeep->archive = archive;
	upkeep->halt = halt;
	pthread_mutex_init(&upkeep->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&upkeep->stopping, &attributes);
	pthread_condattr_destroy(&attributes);
	if (pthread_create(&upkeep->thread, NULL, upkeep_run, upkeep)) {
		free(upkeep);
		return err_set(err, ERR_FAILED, "could not start a thread");
	}
	*ret = upkeep;
	return 0;
}

void upkeep_stop(struct upkeep *upkeep)
{
	if (!upkeep)
		return;
	pthread_mutex_lock(&upkeep->mutex);
	upkeep->is_stopping = true;
	pthread_cond_signal(&upkeep->stopping);
	pthread_mutex_unlock(&upkeep->mutex);
	pthread_join(upkeep->thread, NULL);
	pthread_cond_destroy(&upkeep->stopping);
	pthread_mutex_destroy(&upkeep->mutex);
	free(upkeep);
}
