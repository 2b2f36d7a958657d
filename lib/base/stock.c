#include "base/stock.h"

bool stock_has(const struct stock *stock, int64_t price_ns, int64_t max, int64_t now_ns)
{
	return stock->full_ns - now_ns <= (max - 1) * price_ns;
}

void stock_take(struct stock *stock, int64_t price_ns, int64_t now_ns)
{
	if (stock->full_ns < now_ns)
		stock->full_ns = now_ns;
	stock->full_ns += price_ns;
}
