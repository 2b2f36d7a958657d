#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "graph/graph.h"

static struct graph_assertion assertion(int64_t from, const char *relation, int64_t to, const char *method,
					enum strength strength, double confidence, uint8_t event)
{
	return (struct graph_assertion){ .from = from,
					 .to = to,
					 .relation = relation,
					 .method = method,
					 .detail = "",
					 .strength = strength,
					 .confidence = confidence,
					 .at = event,
					 .event_id = { event } };
}

static struct graph_link *build(const struct graph_assertion *rows, size_t count, struct arena *arena,
				size_t *ret_count)
{
	struct graph_link *links;

	assert_int_equal(graph_links(rows, count, arena, &links, ret_count, NULL), 0);
	return links;
}

static void distinct_methods_add_up_and_repetition_does_not(void **state)
{
	AUTO_ARENA arena;
	struct graph_assertion rows[102];
	struct graph_link *links;
	size_t count;

	(void)state;
	arena_init(&arena, 1u << 20);
	for (int i = 0; i < 100; i++)
		rows[i] = assertion(1, "runs", 2, "tag", STRENGTH_IDENTITY, 0.5, (uint8_t)i);
	links = build(rows, 100, &arena, &count);
	assert_int_equal(count, 1);
	assert_true(links[0].confidence == 0.5);
	assert_int_equal(links[0].methods[0].total, 100);
	assert_int_equal(links[0].methods[0].event_count, GRAPH_EVENTS_MAX);
	rows[100] = assertion(1, "runs", 2, "other", STRENGTH_IDENTITY, 0.6, 1);
	links = build(rows, 101, &arena, &count);
	assert_true(links[0].confidence > 0.799 && links[0].confidence < 0.801);
	rows[101] = assertion(1, "runs", 2, "third", STRENGTH_IDENTITY, 0.99, 1);
	links = build(rows, 102, &arena, &count);
	assert_true(links[0].confidence == GRAPH_CONFIDENCE_MAX);
}

static void what_was_tried_is_not_mixed_with_what_was_done(void **state)
{
	AUTO_ARENA arena;
	const struct graph_assertion rows[] = { assertion(1, "delete", 2, "a", STRENGTH_ATTEMPTED, 0.99, 1),
						assertion(1, "delete", 2, "b", STRENGTH_PERFORMED, 0.5, 2) };
	struct graph_link *links;
	size_t count;

	(void)state;
	arena_init(&arena, 1u << 20);
	links = build(rows, 2, &arena, &count);
	assert_int_equal(count, 2);
	assert_true(links[0].strength == STRENGTH_PERFORMED && links[0].confidence == 0.5);
}

static void association_stays_below_its_bound(void **state)
{
	AUTO_ARENA arena;
	const struct graph_assertion rows[] = { assertion(1, "near", 2, "a", STRENGTH_ASSOCIATION, 0.6, 1),
						assertion(1, "near", 2, "b", STRENGTH_ASSOCIATION, 0.6, 2) };
	struct graph_link *links;
	size_t count;

	(void)state;
	arena_init(&arena, 1u << 20);
	links = build(rows, 2, &arena, &count);
	assert_true(links[0].confidence == GRAPH_ASSOCIATION_MAX);
}

static void print_links(struct strbuf *out, const struct graph_link *links, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		strbuf_addf(out, "%d %s %d %d %a %d-%d\n", (int)links[i].from, links[i].relation, (int)links[i].to,
			    links[i].strength, links[i].confidence, (int)links[i].first, (int)links[i].last);
		for (size_t j = 0; j < links[i].method_count; j++) {
			const struct graph_method *method = &links[i].methods[j];

			strbuf_addf(out, " %s %a %zu:", method->method, method->confidence, method->total);
			for (size_t k = 0; k < method->event_count; k++)
				strbuf_addf(out, " %d", method->events[k]->event_id[0]);
		}
	}
}

static void order_and_repetition_of_assertions_do_not_change_the_links(void **state)
{
	static const char *const words[] = { "a", "b", "c" };
	AUTO_STRBUF expected = STRBUF_INIT;
	struct graph_assertion originals[30], rows[90];
	AUTO_ARENA arena;

	(void)state;
	srand(7);
	arena_init(&arena, 16u << 20);
	for (size_t i = 0; i < ARRAY_SIZE(originals); i++)
		originals[i] =
			assertion(rand() % 3, words[rand() % 3], rand() % 3, words[rand() % 3],
				  (enum strength)(1 + rand() % 4), (rand() % 10) / 10.0, (uint8_t)(rand() % 5));
	for (int round = 0; round < 500; round++) {
		AUTO_STRBUF found = STRBUF_INIT;
		size_t used = ARRAY_SIZE(originals), count;
		struct graph_link *links;

		memcpy(rows, originals, sizeof(originals));
		for (; round > 0 && used < ARRAY_SIZE(rows) && rand() % 16 != 0; used++)
			rows[used] = originals[(size_t)rand() % ARRAY_SIZE(originals)];
		for (size_t i = used - 1; round > 0 && i > 0; i--) {
			size_t j = (size_t)rand() % (i + 1);
			struct graph_assertion swap = rows[i];

			rows[i] = rows[j];
			rows[j] = swap;
		}
		links = build(rows, used, &arena, &count);
		print_links(round == 0 ? &expected : &found, links, count);
		if (round > 0)
			assert_string_equal(found.data, expected.data);
		arena_reset(&arena);
	}
}

static bool is_stop(int64_t entity, const void *context)
{
	return entity == *(const int64_t *)context;
}

static const struct graph_reach *reached(const struct graph_reach *reach, size_t count, int64_t entity)
{
	for (size_t i = 0; i < count; i++) {
		if (reach[i].entity == entity)
			return &reach[i];
	}
	return NULL;
}

static void chain_is_as_strong_as_its_weakest_step_and_loses_with_each_hop(void **state)
{
	AUTO_ARENA arena;
	const struct graph_link links[] = {
		{ .from = 1, .to = 2, .relation = "x", .strength = STRENGTH_IDENTITY, .confidence = 0.9 },
		{ .from = 3, .to = 2, .relation = "x", .strength = STRENGTH_ATTEMPTED, .confidence = 0.5 },
		{ .from = 1, .to = 3, .relation = "x", .strength = STRENGTH_ASSOCIATION, .confidence = 0.65 },
		{ .from = 3, .to = 9, .relation = "x", .strength = STRENGTH_ASSOCIATION, .confidence = 0.65 },
		{ .from = 9, .to = 4, .relation = "x", .strength = STRENGTH_ASSOCIATION, .confidence = 0.65 },
	};
	const int64_t start = 1, stop = 9;
	const struct graph_walk walk = { .links = links,
					 .link_count = ARRAY_SIZE(links),
					 .starts = &start,
					 .start_count = 1,
					 .hops_max = 5,
					 .is_stop = is_stop,
					 .context = &stop };
	struct graph_reach *reach;
	const struct graph_reach *third;
	size_t count;

	(void)state;
	arena_init(&arena, 1u << 20);
	assert_int_equal(graph_walk(&walk, &arena, &reach, &count, NULL), 0);
	third = reached(reach, count, 3);
	assert_int_equal(third->strength, STRENGTH_ATTEMPTED);
	assert_true(third->confidence > 0.406 && third->confidence < 0.4062);
	assert_int_equal(third->hops, 2);
	assert_non_null(reached(reach, count, 9));
	assert_null(reached(reach, count, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distinct_methods_add_up_and_repetition_does_not),
		cmocka_unit_test(what_was_tried_is_not_mixed_with_what_was_done),
		cmocka_unit_test(association_stays_below_its_bound),
		cmocka_unit_test(order_and_repetition_of_assertions_do_not_change_the_links),
		cmocka_unit_test(chain_is_as_strong_as_its_weakest_step_and_loses_with_each_hop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
