#include "base/stock.h"

bool stock_has(const struct stock *stock, const struct stock_rate *rate, int64_t amount, int64_t now_ns)
{
	int64_t wait_ns = stock->full_ns - now_ns;

	if (amount > rate->max)
		return false;
	/* What is missing is wait_ns * count / per_ns, and there must be room for amount above it. */
	return wait_ns < 0 || wait_ns * rate->count + stock->rest <= (rate->max - amount) * rate->per_ns;
}

void stock_take(struct stock *stock, const struct stock_rate *rate, int64_t amount, int64_t now_ns)
{
	int64_t parts;

	if (stock->full_ns < now_ns)
		*stock = (struct stock){ .full_ns = now_ns };
	parts = amount * rate->per_ns + stock->rest;
	stock->full_ns += parts / rate->count;
	stock->rest = parts % rate->count;
}
