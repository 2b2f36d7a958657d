/*
 * spool.h: numbered batches on disk, each until the collector has acknowledged it, and the identity of the stream.
 *
 * One file per batch, named EPOCH-BATCH-SEQ-EVENTS[-alerts].batch. The name alone carries what the next batch must
 * continue from, so the newest file stays, renamed to .acked, until there is a newer one; without any, the
 * epoch grows. Files that cannot be read move to the folder quarantine, rejected ones to dead. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "bus/drops.h"
#include "model/batch.h"

#define SPOOL_KEPT_MAX 100 /* files each in quarantine and dead; further ones are removed */

struct spool_batch {
	uint64_t epoch, number;
	uint64_t first_seq; /* next_seq when it was cut, less its events: what the next batch goes on from */
	uint32_t events;
	bool alerts;
	uint64_t declares; /* events that it declares as lost: known by its name, should nobody be able to read it */
	bool busy;	   /* on its way: not to be dropped */
	int64_t size;
};

struct spool {
	char *folder;
	int lock; /* file descriptor */
	uint8_t stream_id[STREAM_ID_SIZE];
	uint64_t epoch;
	uint64_t next_number, next_seq;
	struct spool_batch *batches; /* oldest first */
	size_t count, capacity;
	int64_t used, max;	   /* bytes */
	struct spool_batch newest; /* of this epoch, acknowledged or not; number 0 = none */
	struct drops drops;
	uint64_t corrupt; /* batches that could not be read */
};

/* Errors: ERR_FAILED for a folder that cannot be written or is in use by another process. Never for bad content. */
int spool_open(struct spool *spool, const char *folder, int64_t max, struct err *err);
void spool_close(struct spool *spool); /* accepts a zeroed spool */

/* Drops old batches, those without alerts first, until size bytes fit. Errors: ERR_LIMIT if they never will. */
int spool_make_room(struct spool *spool, int64_t size, struct err *err);

/*
 * Writes a batch durably; number and first_seq must be next_number and next_seq - events. Without room on the disk
 * it drops old batches. Errors: ERR_FAILED.
 */
int spool_put(struct spool *spool, const struct spool_batch *batch, const struct strbuf *frame, struct err *err);

/* Oldest batch with or without alerts that is not busy, or NULL. Borrowed until the next call. */
struct spool_batch *spool_next(struct spool *spool, bool alerts);

/* Lowest number of this epoch that is not acknowledged, or the next one. */
uint64_t spool_oldest(const struct spool *spool);
struct spool_batch *spool_find(struct spool *spool, uint64_t epoch, uint64_t number);

/* Reads the frame of a batch. If it is bad, the batch is moved away and declared lost: ERR_SYNTAX. */
int spool_read(struct spool *spool, const struct spool_batch *batch, struct strbuf *frame, struct err *err);

void spool_remove(struct spool *spool, struct spool_batch *batch); /* acknowledged */

/* Moves a batch to the folder dead, and has its events declared as lost, with the reason "rejected". */
void spool_reject(struct spool *spool, struct spool_batch *batch);

/* Begins another stream: what is put from now on is of it. What waits stays of the former one. Errors: ERR_FAILED. */
int spool_begin_stream(struct spool *spool, struct err *err);
