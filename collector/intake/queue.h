/*
 * queue.h: batches on their way into the store, and the writers that take them group by group. Each lane has a queue with
 * writers and room of its own, so that alerts do not wait behind bulk.
 *
 * What waits while a group commits is the next group: nothing is delayed to make groups larger.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define QUEUE_WRITERS_MAX 16

struct batch_rows;
struct known;
struct queue;
struct partitions;

/* All borrowed. */
struct queue_conf {
	const char *conninfo;
	const char *role; /* that writers take on; NULL = none */
	struct partitions *partitions;
	struct known *origins;
	size_t writers;
	size_t batches_max; /* admitted at once */
	size_t bytes_max;   /* of their frames */
};

/* Starts the writers; each connects when it first has something to write. Errors: ERR_MEMORY, ERR_FAILED. */
int queue_open(const struct queue_conf *conf, struct queue **ret, struct err *err);

/* Nobody may be in queue_write(). Accepts NULL. */
void queue_close(struct queue *queue);

/* Takes room for a frame before anything is unpacked; false when there is none. queue_leave() gives it back. */
bool queue_enter(struct queue *queue, size_t frame_length);
void queue_leave(struct queue *queue, size_t frame_length);

/* Queues the rows and waits until a writer is done with them: rows->code, rows->err and rows->result say what came of it. */
void queue_write(struct queue *queue, struct batch_rows *rows);

struct queue_load {
	size_t batches, batches_max, bytes, bytes_max;
};
void queue_load(struct queue *queue, struct queue_load *ret);
