/*
 * stock.h: how often something may be done, or how much of it: a stock that fills up again at a rate.
 *
 * Zeroed a stock is full. Times are monotonic. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* count come back in per_ns, and at most max lie there. max * per_ns must be below 2^62. */
struct stock_rate {
	int64_t count, per_ns, max;
};

/* When it is full again: after full_ns, in the past = it is, and rest / count of a nanosecond. */
struct stock {
	int64_t full_ns, rest;
};

/* True if amount is there, of at most rate->max. */
bool stock_has(const struct stock *stock, const struct stock_rate *rate, int64_t amount, int64_t now_ns);

/* Takes amount, which must be there. */
void stock_take(struct stock *stock, const struct stock_rate *rate, int64_t amount, int64_t now_ns);
