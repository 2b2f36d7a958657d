/*
 * batch_rows.h: a decoded batch as the rows it becomes, made before any transaction begins, so that a writer only has to send
 * them.
 *
 * Events whose identity is (stream, epoch, seq) cannot be there already once their batch is claimed: they go by COPY. Records
 * of a cloud reach us by several ways under one id: they go by an insert that skips what is there (docs/decisions/0005).
 */
#pragma once

#include "collector/store/derived_rows.h"
#include "collector/store/writer.h"
#include "store/store.h"

#define BATCH_ROWS_SIZE_MAX (64u << 20) /* bytes of the copied events of one batch */

struct batch_rows {
	const struct batch *batch; /* borrowed as long as the rows live */
	int64_t tenant, received_ns;
	int64_t origin_id;		     /* of origin */
	struct strbuf origin;		     /* encoded */
	char stream[2 * STREAM_ID_SIZE + 1]; /* hexadecimal */
	uint8_t (*ids)[EVENT_ID_SIZE];	     /* as many as the batch has events */
	struct strbuf copied;		     /* rows of COPY_EVENTS */
	size_t copied_count;
	struct params inserted; /* of EVENT_INSERT */
	size_t inserted_count;
	struct derived_rows derived;
	struct derive_memo *memo; /* of the batch's origin */
	bool is_derived_full;
	size_t derived_count; /* events whose derived rows are gathered; there is no room for those of the rest */
	bool has_alerts;

	/* What came of it; write_group() sets them. */
	struct write_result result;
	bool is_claimed;
	int code;
	struct err err;
};

extern const char copy_events[]; /* the statement that takes rows->copied */

/*
 * batch must be decoded (event->encoded set). by_insert: all events by insert, for a batch that COPY refused. Errors:
 * ERR_MEMORY, ERR_LIMIT; finish with batch_rows_fini() also then.
 */
int batch_rows_init(struct batch_rows *rows, int64_t tenant, const struct batch *batch, bool by_insert,
		    struct err *err);
void batch_rows_fini(struct batch_rows *rows);
#define AUTO_BATCH_ROWS CLEANUP(batch_rows_fini) struct batch_rows

/* Inserts rows->inserted, and gives records that were there already the alerts they lack. Within a transaction. */
int batch_rows_insert(struct batch_rows *rows, struct store *store, size_t *ret_stored, struct err *err);

/* Derives the events from derived_count on and writes what comes of it. Within a transaction. */
int batch_rows_derive_rest(const struct batch_rows *rows, struct store *store, struct err *err);
