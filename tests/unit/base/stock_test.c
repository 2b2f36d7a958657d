/* Stocks: what lies there, what comes back, and that no part of it is lost or won by rounding. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/stock.h"
#include "base/time.h"

/* How many of amount can be taken at one moment. */
static int taken(struct stock *stock, const struct stock_rate *rate, int64_t amount, int64_t now_ns)
{
	int count = 0;

	for (; stock_has(stock, rate, amount, now_ns); count++)
		stock_take(stock, rate, amount, now_ns);
	return count;
}

static void it_is_full_at_first_and_fills_up_again_at_its_rate(void **state UNUSED)
{
	static const struct stock_rate rate = { 2, NS_PER_S, 20 };
	struct stock stock = { 0 };
	int64_t now_ns = NS_PER_S;

	assert_int_equal(taken(&stock, &rate, 1, now_ns), 20);
	assert_int_equal(taken(&stock, &rate, 1, now_ns + NS_PER_S / 2 - 1), 0);
	assert_int_equal(taken(&stock, &rate, 1, now_ns + NS_PER_S / 2), 1);
	assert_int_equal(taken(&stock, &rate, 1, now_ns + NS_PER_S / 2), 0);
	/* a long silence is worth no more than a full stock */
	assert_int_equal(taken(&stock, &rate, 1, now_ns + 3600 * NS_PER_S), 20);
}

/* However it is taken: all at once, or one by one as they come. */
static void rates_that_do_not_divide_a_second_are_exact(void **state UNUSED)
{
	static const int64_t counts[] = { 3, 7, 1000, 999983 };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		const struct stock_rate rate = { counts[i], NS_PER_S, counts[i] };
		struct stock steps = { 0 }, leaps = { 0 };
		int64_t found = 0, now_ns = NS_PER_S;

		assert_int_equal(taken(&steps, &rate, 1, now_ns), counts[i]);
		assert_int_equal(taken(&leaps, &rate, 1, now_ns), counts[i]);
		for (int step = 1; step <= 1000; step++)
			found += taken(&steps, &rate, 1, now_ns + step * NS_PER_S / 1000);
		assert_int_equal(found, counts[i]);
		assert_int_equal(taken(&leaps, &rate, 1, now_ns + NS_PER_S - 1), counts[i] - 1);
		assert_int_equal(taken(&leaps, &rate, 1, now_ns + NS_PER_S), 1);
	}
}

static void amounts_count_as_they_are(void **state UNUSED)
{
	static const struct stock_rate rate = { 16 << 20, NS_PER_S, 128 << 20 };
	struct stock stock = { 0 };
	int64_t now_ns = NS_PER_S;

	assert_false(stock_has(&stock, &rate, rate.max + 1, now_ns));
	stock_take(&stock, &rate, rate.max - 10, now_ns);
	assert_false(stock_has(&stock, &rate, 11, now_ns));
	assert_true(stock_has(&stock, &rate, 10, now_ns));
	stock_take(&stock, &rate, 10, now_ns);
	assert_true(stock_has(&stock, &rate, 0, now_ns));
	assert_true(stock_has(&stock, &rate, 16 << 20, now_ns + NS_PER_S));
	assert_false(stock_has(&stock, &rate, (16 << 20) + 1, now_ns + NS_PER_S));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_full_at_first_and_fills_up_again_at_its_rate),
		cmocka_unit_test(rates_that_do_not_divide_a_second_are_exact),
		cmocka_unit_test(amounts_count_as_they_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
