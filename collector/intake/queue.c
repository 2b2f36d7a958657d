#include "collector/intake/queue.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/time.h"
#include "collector/metrics/metrics.h"
#include "collector/store/group.h"
#include "store/store.h"

/* On the stack of who waits for it. */
struct pending {
	struct batch_rows *rows;
	struct pending *next;
	pthread_cond_t done;
	bool is_done;
};

struct queue {
	struct queue_conf conf;
	pthread_mutex_t mutex; /* guards everything behind it */
	pthread_cond_t filled;
	struct pending *first, **last; /* oldest first */
	size_t batches, bytes;	       /* admitted */
	bool is_stopping;
	pthread_t threads[QUEUE_WRITERS_MAX];
	size_t thread_count;
};

struct group_taken {
	struct pending *pending[GROUP_BATCHES_MAX];
	struct batch_rows *rows[GROUP_BATCHES_MAX];
	size_t count;
};

/* With the mutex held: the oldest batch, and those of the same tenant behind it, as far as a group goes. */
static void take_group(struct queue *queue, struct group_taken *ret)
{
	int64_t tenant = queue->first->rows->tenant;
	size_t events = 0;

	ret->count = 0;
	for (struct pending **at = &queue->first;
	     *at && ret->count < GROUP_BATCHES_MAX && events < GROUP_EVENTS_MAX;) {
		struct pending *pending = *at;

		if (pending->rows->tenant != tenant) {
			at = &pending->next;
			continue;
		}
		*at = pending->next;
		events += pending->rows->batch->event_count;
		ret->pending[ret->count] = pending;
		ret->rows[ret->count++] = pending->rows;
	}
	queue->last = &queue->first;
	while (*queue->last)
		queue->last = &(*queue->last)->next;
}

static void fail_all(struct group_taken *group, const struct err *err)
{
	for (size_t i = 0; i < group->count; i++) {
		group->rows[i]->code = err->code;
		group->rows[i]->err = *err;
	}
}

static void count_group(const struct group_taken *group, int64_t spent_ns)
{
	metric_observe(METRIC_GROUP_SECONDS, spent_ns);
	metric_add(METRIC_GROUPS, 1);
	for (size_t i = 0; i < group->count; i++) {
		const struct batch_rows *rows = group->rows[i];

		if (rows->code < 0)
			continue;
		metric_add(rows->result.is_repeated ? METRIC_BATCHES_REPEATED : METRIC_BATCHES_STORED, 1);
		metric_add(METRIC_EVENTS_STORED, (int64_t)rows->result.stored);
		metric_add(METRIC_EVENTS_UNDERIVED, (int64_t)rows->result.underived);
		for (size_t j = 0; !rows->result.is_repeated && j < rows->batch->drop_count; j++)
			metric_add(METRIC_EVENTS_DROPPED, (int64_t)rows->batch->drops[j].count);
	}
}

static void write_taken(struct queue *queue, struct store **store, struct group_taken *group)
{
	const struct queue_conf *conf = &queue->conf;
	int64_t begun_ns = time_monotonic_ns();
	struct err err = { 0 };

	if (!*store && store_open_as(conf->conninfo, conf->role, store, &err) < 0) {
		*store = NULL;
		fail_all(group, &err);
		return;
	}
	write_group(&(struct write_context){ *store, conf->partitions, conf->origins }, group->rows, group->count);
	count_group(group, time_monotonic_ns() - begun_ns);
}

static void *writer_run(void *context)
{
	struct queue *queue = context;
	struct store *store = NULL;
	struct group_taken group;

	pthread_mutex_lock(&queue->mutex);
	for (;;) {
		while (!queue->first && !queue->is_stopping)
			pthread_cond_wait(&queue->filled, &queue->mutex);
		if (!queue->first)
			break;
		take_group(queue, &group);
		pthread_mutex_unlock(&queue->mutex);
		write_taken(queue, &store, &group);
		pthread_mutex_lock(&queue->mutex);
		for (size_t i = 0; i < group.count; i++) {
			group.pending[i]->is_done = true;
			pthread_cond_signal(&group.pending[i]->done);
		}
	}
	pthread_mutex_unlock(&queue->mutex);
	store_close(store);
	return NULL;
}

int queue_open(const struct queue_conf *conf, struct queue **ret, struct err *err)
{
	struct queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return err_set(err, ERR_MEMORY, "out of memory");
	queue->conf = *conf;
	queue->last = &queue->first;
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, NULL);
	while (queue->thread_count < conf->writers && queue->thread_count < QUEUE_WRITERS_MAX) {
		if (pthread_create(&queue->threads[queue->thread_count], NULL, writer_run, queue)) {
			queue_close(queue);
			return err_set(err, ERR_FAILED, "could not start a thread");
		}
		queue->thread_count++;
	}
	*ret = queue;
	return 0;
}

void queue_close(struct queue *queue)
{
	if (!queue)
		return;
	pthread_mutex_lock(&queue->mutex);
	queue->is_stopping = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
	for (size_t i = 0; i < queue->thread_count; i++)
		pthread_join(queue->threads[i], NULL);
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->mutex);
	free(queue);
}

bool queue_enter(struct queue *queue, size_t frame_length)
{
	bool has_room;

	pthread_mutex_lock(&queue->mutex);
	/* One batch alone is always taken, whatever its size: else it would be asked for again for ever. */
	has_room = !queue->batches ||
		   (queue->batches < queue->conf.batches_max && queue->bytes + frame_length <= queue->conf.bytes_max);
	if (has_room) {
		queue->batches++;
		queue->bytes += frame_length;
	}
	pthread_mutex_unlock(&queue->mutex);
	return has_room;
}

void queue_leave(struct queue *queue, size_t frame_length)
{
	pthread_mutex_lock(&queue->mutex);
	queue->batches--;
	queue->bytes -= frame_length;
	pthread_mutex_unlock(&queue->mutex);
}

void queue_write(struct queue *queue, struct batch_rows *rows)
{
	struct pending pending = { .rows = rows };

	pthread_cond_init(&pending.done, NULL);
	pthread_mutex_lock(&queue->mutex);
	*queue->last = &pending;
	queue->last = &pending.next;
	pthread_cond_signal(&queue->filled);
	while (!pending.is_done)
		pthread_cond_wait(&pending.done, &queue->mutex);
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_destroy(&pending.done);
}

void queue_load(struct queue *queue, struct queue_load *ret)
{
	pthread_mutex_lock(&queue->mutex);
	*ret = (struct queue_load){ queue->batches, queue->conf.batches_max, queue->bytes, queue->conf.bytes_max };
	pthread_mutex_unlock(&queue->mutex);
}
