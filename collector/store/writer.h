/*
 * writer.h: a batch becomes rows, in one transaction, exactly once.
 */
#pragma once

#include <stdbool.h>

#include "collector/store/partitions.h"
#include "model/batch.h"
#include "model/entity.h"

#define WRITE_TRIES 5 /* of a transaction that met a deadlock */

struct store;

struct write_result {
	bool is_repeated;   /* the batch was stored before: nothing was done */
	size_t stored;	    /* events that were new */
	uint64_t underived; /* events that stay without derived rows */
};

/* A record of a cloud: another sender may send it too, under the same id. */
bool write_event_is_shared(const struct event *event);

/*
 * Events must be decoded (event->encoded set). Returns after COMMIT. Errors: ERR_UNREACHABLE and ERR_AGAIN: try later;
 * ERR_SYNTAX, ERR_LIMIT: the batch can never be stored.
 */
int write_batch(struct store *store, struct partitions *partitions, int64_t tenant, const struct batch *batch,
		struct write_result *ret, struct err *err);

/* A scan's document as an event; the same document is stored once. ret_id is set. Errors: ERR_SYNTAX, and as above. */
int write_scan(struct store *store, struct partitions *partitions, int64_t tenant, const char *json, size_t length,
	       uint8_t ret_id[EVENT_ID_SIZE], bool *ret_repeated, struct err *err);

/* A frame that was refused, whole, with the reason. */
int write_dead_letter(struct store *store, int64_t tenant, const void *frame, size_t length, const char *peer,
		      const char *reason, struct err *err);

/* The id an event is stored under; needs its stream for all that is not a CloudTrail record. */
void write_event_id(const struct batch *batch, const struct event *event, uint8_t out[EVENT_ID_SIZE]);
