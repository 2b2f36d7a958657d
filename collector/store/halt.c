#include "collector/store/halt.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/time.h"
#include "store/store.h"

/* A cancellation that finds no statement is forgotten by the server: the next one finds the next statement. */
#define ASK_AGAIN_NS (100 * NS_PER_MS)

struct halt_work {
	struct store_cancel *cancel; /* NULL: no work in this place */
};

struct halt {
	pthread_mutex_t mutex; /* guards: works, count */
	pthread_cond_t left;
	atomic_bool is_wanted;
	struct halt_work works[HALT_WORKS_MAX];
	size_t count;
};

struct halt *halt_new(void)
{
	struct halt *halt = calloc(1, sizeof(*halt));
	pthread_condattr_t attributes;

	if (!halt)
		return NULL;
	pthread_mutex_init(&halt->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&halt->left, &attributes);
	pthread_condattr_destroy(&attributes);
	return halt;
}

void halt_free(struct halt *halt)
{
	if (!halt)
		return;
	pthread_cond_destroy(&halt->left);
	pthread_mutex_destroy(&halt->mutex);
	free(halt);
}

int halt_check(const struct halt *halt, struct err *err)
{
	if (!halt || !atomic_load(&halt->is_wanted))
		return 0;
	return err_set(err, ERR_AGAIN,
		       "the collector was told to stop; what was done stays done, run it again for the rest");
}

/* A place with cancel in it, or NULL; the mutex is held. */
static struct halt_work *take_place(struct halt *halt, struct store_cancel *cancel)
{
	for (size_t i = 0; i < HALT_WORKS_MAX; i++) {
		if (!halt->works[i].cancel) {
			halt->works[i].cancel = cancel;
			halt->count++;
			return &halt->works[i];
		}
	}
	return NULL;
}

int halt_enter(struct halt *halt, struct store *store, struct halt_work **ret, struct err *err)
{
	struct store_cancel *cancel;
	int code;

	*ret = NULL;
	if (!halt)
		return 0;
	/* What can be broken off is the connection as it is now. */
	if (store_check(store, err) < 0)
		return err->code;
	cancel = store_cancel_new(store);
	if (!cancel)
		return err_set(err, ERR_MEMORY, "out of memory");
	pthread_mutex_lock(&halt->mutex);
	code = halt_check(halt, err);
	if (code == 0) {
		*ret = take_place(halt, cancel);
		if (!*ret)
			code = err_set(err, ERR_AGAIN, "%d works that take long are done already", HALT_WORKS_MAX);
	}
	pthread_mutex_unlock(&halt->mutex);
	if (code < 0)
		store_cancel_free(cancel);
	return code;
}

void halt_leave(struct halt *halt, struct halt_work *work)
{
	if (!work)
		return;
	pthread_mutex_lock(&halt->mutex);
	store_cancel_free(work->cancel);
	work->cancel = NULL;
	halt->count--;
	pthread_cond_broadcast(&halt->left);
	pthread_mutex_unlock(&halt->mutex);
}

static struct timespec soon(void)
{
	int64_t at_ns = time_monotonic_ns() + ASK_AGAIN_NS;

	return (struct timespec){ .tv_sec = at_ns / NS_PER_S, .tv_nsec = at_ns % NS_PER_S };
}

bool halt_all(struct halt *halt)
{
	int64_t until_ns = time_monotonic_ns() + HALT_WAIT_S * NS_PER_S;
	bool is_done;

	pthread_mutex_lock(&halt->mutex);
	atomic_store(&halt->is_wanted, true);
	while (halt->count && time_monotonic_ns() < until_ns) {
		struct timespec until = soon();

		for (size_t i = 0; i < HALT_WORKS_MAX; i++) {
			if (halt->works[i].cancel)
				store_cancel_send(halt->works[i].cancel);
		}
		pthread_cond_timedwait(&halt->left, &halt->mutex, &until);
	}
	is_done = !halt->count;
	pthread_mutex_unlock(&halt->mutex);
	return is_done;
}
