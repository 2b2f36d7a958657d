/*
 * derived_rows.h: derived rows of many events, gathered and written with a few statements. Every write commutes: order
 * and repetition of events cannot be seen in the result.
 */
#pragma once

#include "collector/link/derive.h"
#include "store/params.h"

#define DERIVED_FLUSH_SIZE (8u << 20) /* gathered bytes after which derived_rows_is_full() says so */

struct store;

enum derived_table {
	DERIVED_ENTITY,
	DERIVED_FACT,
	DERIVED_ALIAS,
	DERIVED_ASSERTION,
	DERIVED_MARK,
	DERIVED_WATERMARK,
	DERIVED_ALERT,
	DERIVED_SCAN,
	DERIVED_TABLE_COUNT
};

struct derived_rows {
	int64_t tenant;
	struct params tables[DERIVED_TABLE_COUNT];
	struct derived *derived; /* scratch for one event */
	struct arena scratch;	 /* of one event */
	uint64_t underived;	 /* events that derive_event() could not understand */
	char *source;		 /* whose watermark rises with every event of a batch: gathered once, at source_at */
	int64_t source_at;
};

/* Errors: ERR_MEMORY; finish with derived_rows_fini() also then. */
int derived_rows_init(struct derived_rows *rows, int64_t tenant, struct err *err);
void derived_rows_fini(struct derived_rows *rows);
#define AUTO_DERIVED_ROWS CLEANUP(derived_rows_fini) struct derived_rows

/* Derives one event; rows->derived keeps what it says until the next call. Errors: ERR_MEMORY. */
int derived_rows_derive(struct derived_rows *rows, const struct derive_input *input, struct err *err);

/* Gathers the rows of the event that was derived last. */
void derived_rows_gather(struct derived_rows *rows, const struct derive_input *input);

/* Both. */
int derived_rows_add(struct derived_rows *rows, const struct derive_input *input, struct err *err);

/* Gathers also what another one has gathered. */
void derived_rows_join(struct derived_rows *rows, const struct derived_rows *from);

bool derived_rows_is_full(const struct derived_rows *rows);

/* Writes what was gathered and begins anew; call within a transaction. */
int derived_rows_write(struct derived_rows *rows, struct store *store, struct err *err);

/* Deletes all derived rows of the tenant. */
int derived_rows_clear(int64_t tenant, struct store *store, struct err *err);
