/*
 * thin.h: table ingest_batch kept short. A batch's key must be remembered for ever, or an old one sent again would be stored
 * twice; but most numbers lie in unbroken runs, and a run is two numbers (table ingest_run).
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define THIN_KEEP_NS  (INT64_C(3600) * 1000000000) /* batches stored since then stay as rows */
#define THIN_ROWS_MIN 1000			   /* a stream with fewer older rows is left alone */

struct store;

/*
 * Thins out every stream that has more than rows_min rows committed before before_ns, each in its own transaction. *ret_rows
 * is how many rows went. Errors: ERR_AGAIN when a stream is busy; what was done stays.
 */
int thin_batches(struct store *store, int64_t before_ns, int64_t rows_min, int64_t *ret_rows, struct err *err);
