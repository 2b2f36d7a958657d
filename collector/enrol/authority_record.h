/*
 * authority_record.h: which certificate authority the collectors of a database share, as the database knows it: roots' digests, no keys.
 *
 * A collector that made an authority of its own would enrol agents that no other collector takes: it is told so at its start.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "pki/authority.h"

struct pool;

/* Roots that a collector trusts, or those that are recorded, the issuing one first; one at least. */
struct authority_roots {
	char digests[AUTHORITY_ROOTS_MAX][AUTHORITY_ROOT_TEXT_MAX];
	size_t count;
};

/* Reads the record; where there is none yet, own becomes it. Errors: those of the store. */
int authority_record_claim(struct pool *pool, const struct authority_roots *own, struct authority_roots *ret,
			   struct err *err);

/* Writes own in place of what is recorded. */
int authority_record_replace(struct pool *pool, const struct authority_roots *own, struct err *err);

bool authority_roots_overlap(const struct authority_roots *a, const struct authority_roots *b);
bool authority_roots_same(const struct authority_roots *a, const struct authority_roots *b);
