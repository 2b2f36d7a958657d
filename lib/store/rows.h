/*
 * rows.h: a result's binary columns become members of rows. Inside lib/store only.
 */
#pragma once

#include <libpq-fe.h>

#include "store/store.h"

/* Errors: ERR_FAILED when the statement's columns are not the shape's, ERR_MEMORY. */
int rows_read(const PGresult *result, const struct row_shape *shape, struct arena *arena, void **ret,
	      size_t *ret_count, struct err *err);
