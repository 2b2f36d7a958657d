#include "collector/intake/queue.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/time.h"
#include "collector/intake/waiting.h"
#include "collector/metrics/metrics.h"
#include "store/store.h"

/* On the stack of who waits for it. */
struct entry {
	struct pending pending; /* first: the one is the other's address */
	pthread_cond_t done;
	bool is_done;
};

struct writer {
	struct queue *queue;
	pthread_t thread;
	struct taken taken; /* what it is at */
};

struct queue {
	struct queue_conf conf;
	pthread_mutex_t mutex; /* guards everything behind it */
	pthread_cond_t filled;
	struct waiting waiting;
	size_t batches, bytes; /* admitted */
	bool is_stopping;
	struct writer writers[QUEUE_WRITERS_MAX];
	size_t writer_count;
};

/* With the mutex held. */
static void take_group(struct queue *queue, struct writer *writer)
{
	const struct taken *others[QUEUE_WRITERS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < queue->writer_count; i++) {
		if (&queue->writers[i] != writer)
			others[count++] = &queue->writers[i].taken;
	}
	waiting_take(&queue->waiting, others, count, &writer->taken);
}

/* With the mutex held. */
static void release_group(struct writer *writer)
{
	for (size_t i = 0; i < writer->taken.count; i++) {
		struct entry *entry = (struct entry *)writer->taken.pending[i];

		entry->is_done = true;
		pthread_cond_signal(&entry->done);
	}
	writer->taken.count = 0;
}

static void fail_all(struct taken *group, const struct err *err)
{
	for (size_t i = 0; i < group->count; i++) {
		group->rows[i]->code = err->code;
		group->rows[i]->err = *err;
	}
}

static void count_group(const struct taken *group, int64_t spent_ns)
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

static void write_taken(struct queue *queue, struct store **store, struct taken *group)
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
	struct writer *writer = context;
	struct queue *queue = writer->queue;
	struct store *store = NULL;

	pthread_mutex_lock(&queue->mutex);
	for (;;) {
		while (!queue->waiting.first && !queue->is_stopping)
			pthread_cond_wait(&queue->filled, &queue->mutex);
		if (!queue->waiting.first)
			break;
		take_group(queue, writer);
		pthread_mutex_unlock(&queue->mutex);
		write_taken(queue, &store, &writer->taken);
		pthread_mutex_lock(&queue->mutex);
		release_group(writer);
	}
	pthread_mutex_unlock(&queue->mutex);
	store_close(store);
	return NULL;
}

/* With the mutex held: a writer looks at all of them. */
static int start_writers(struct queue *queue, struct err *err)
{
	while (queue->writer_count < queue->conf.writers && queue->writer_count < QUEUE_WRITERS_MAX) {
		struct writer *writer = &queue->writers[queue->writer_count];

		writer->queue = queue;
		if (pthread_create(&writer->thread, NULL, writer_run, writer))
			return err_set(err, ERR_FAILED, "could not start a thread");
		queue->writer_count++;
	}
	return 0;
}

int queue_open(const struct queue_conf *conf, struct queue **ret, struct err *err)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	int code;

	if (!queue)
		return err_set(err, ERR_MEMORY, "out of memory");
	queue->conf = *conf;
	waiting_init(&queue->waiting);
	pthread_mutex_init(&queue->mutex, NULL);
	pthread_cond_init(&queue->filled, NULL);
	pthread_mutex_lock(&queue->mutex);
	code = start_writers(queue, err);
	pthread_mutex_unlock(&queue->mutex);
	if (code < 0) {
		queue_close(queue);
		return code;
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
	for (size_t i = 0; i < queue->writer_count; i++)
		pthread_join(queue->writers[i].thread, NULL);
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
	struct entry entry = { .pending.rows = rows };

	pthread_cond_init(&entry.done, NULL);
	pthread_mutex_lock(&queue->mutex);
	waiting_add(&queue->waiting, &entry.pending);
	pthread_cond_signal(&queue->filled);
	while (!entry.is_done)
		pthread_cond_wait(&entry.done, &queue->mutex);
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_destroy(&entry.done);
}

void queue_load(struct queue *queue, struct queue_load *ret)
{
	pthread_mutex_lock(&queue->mutex);
	*ret = (struct queue_load){ queue->batches, queue->conf.batches_max, queue->bytes, queue->conf.bytes_max };
	pthread_mutex_unlock(&queue->mutex);
}
