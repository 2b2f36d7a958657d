/*
 * event_rows.h: events of a batch on their way into table event.
 */
#pragma once

#include "collector/store/derived_rows.h"
#include "model/batch.h"
#include "store/store.h"

struct event_rows {
	const struct batch *batch;
	const char *stream; /* hexadecimal */
	int64_t tenant, origin_id, received_ns;
	struct params insert;
	uint8_t (*ids)[EVENT_ID_SIZE]; /* as many as the batch has events */
};

/* Inserts the events, derives rows for all of them, and writes those. Within a transaction. */
int event_rows_write(struct event_rows *rows, struct store *store, struct derived_rows *derived, size_t *ret_stored,
		     struct err *err);
