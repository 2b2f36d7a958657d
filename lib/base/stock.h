/*
 * stock.h: how often something may be done: a stock of so many at once, which fills up again by one each price_ns.
 *
 * Zeroed it is full. Times are monotonic. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* When it is full again; in the past = it is. */
struct stock {
	int64_t full_ns;
};

/* True if there is one of at most max. */
bool stock_has(const struct stock *stock, int64_t price_ns, int64_t max, int64_t now_ns);

/* Takes one, which there must be. */
void stock_take(struct stock *stock, int64_t price_ns, int64_t now_ns);
