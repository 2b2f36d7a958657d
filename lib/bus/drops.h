/*
 * drops.h: what was lost and not yet declared to the collector, summed by reason.
 */
#pragma once

#include "model/batch.h"

#define DROPS_MAX	16 /* reasons at once; the last stands for all further ones */
#define DROP_REASON_MAX 48

struct drops {
	struct drop list[DROPS_MAX]; /* reason points into reasons */
	char reasons[DROPS_MAX][DROP_REASON_MAX];
	size_t count;
	uint64_t total; /* events, since the beginning */
};

/* Adds to the entry of the reason; spans grow to hold both. */
void drops_add(struct drops *drops, const struct drop *drop);

/* Adds what was declared before and must be declared again: the total stays. */
void drops_carry(struct drops *drops, const struct drop *drop);
void drops_carry_all(struct drops *drops, const struct drops *from);

/* Since when, 0 = there is nothing to declare. */
int64_t drops_since(const struct drops *drops);

/* Forgets what was declared. */
void drops_clear(struct drops *drops);
