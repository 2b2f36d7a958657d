/*
 * rows.h: a result's binary columns become members of rows. Inside lib/store only.
 */
#pragma once

#include "store/store.h"

struct pg_result; /* libpq's PGresult */

/* Errors: ERR_FAILED when the statement's columns are not the shape's, ERR_MEMORY. */
int rows_read(const struct pg_result *result, const struct row_shape *shape, struct arena *arena, void **ret,
	      size_t *ret_count, struct err *err);
