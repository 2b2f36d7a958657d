/*
 * rederive.h: what stored events say, derived again and written. Such writes commute: rows that are there already do no harm.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

struct store;

struct rederive_span {
	const char *source;
	int64_t from_ns, until_ns; /* half open */
};

struct rederived {
	uint64_t events, underived;
};

/* Of one source within a span, or of everything (span NULL). Within a transaction. */
int rederive(struct store *store, int64_t tenant, const struct rederive_span *span, struct rederived *ret,
	     struct err *err);
