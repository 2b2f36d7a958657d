/* With a memo the same comes out as without: every event, in any order, whatever origin. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "collector/link/derive.h"

#define ORIGINS	   4
#define CONTAINERS 12 /* more than a memo keeps */
#define EVENTS	   400

#define ARN "arn:aws:ecs:us-west-1:845151661675:"

static const struct ecs_task long_form = { .arn = ARN "task/alpha/1dddc34c0a574b74a2a3d9e2b8b5a111",
					   .cluster = "alpha",
					   .family = "gen",
					   .revision = "3",
					   .service = "web" };
static const struct ecs_task short_form = { .arn = ARN "task/2dddc34c0a574b74a2a3d9e2b8b5a222", .cluster = "beta" };
static const struct container container = { .id = "aaaabbbbccccdd01", .name = "Generator", .image = "repo/gen:1" };

static const struct origin origins[ORIGINS] = {
	{ .mode = ORIGIN_TASK, .agent = "one", .task = &long_form, .containers = &container, .container_count = 1 },
	{ .mode = ORIGIN_TASK, .agent = "two", .task = &short_form },
	{ .mode = ORIGIN_HOST, .agent = "three", .hostname = "ip-10-0-0-1" },
	{ .mode = ORIGIN_HOST },
};

static struct alert alert = {
	.rule = "A rule", .rule_version = "00ff", .priority = PRIORITY_ERROR, .source = "syscall"
};
static struct heartbeat heartbeat = { .detail = "\xff not UTF-8" };

/* Kinds, containers, parents and alerts in all their combinations. */
static void make_event(size_t number, char name[32], struct process *process, struct event *ret)
{
	snprintf(name, 32, "container-%zu", number % CONTAINERS);
	*process = (struct process){ .exec_id = number % 5, .parent_exec_id = number % 3, .container = name };
	*ret = (struct event){ .seq = number, .time_ns = (int64_t)number * NS_PER_S, .kind = EVENT_EXEC };
	if (number % 7 == 0) {
		ret->kind = EVENT_HEARTBEAT;
		ret->heartbeat = &heartbeat;
		return;
	}
	ret->process = process;
	process->container = number % 11 == 0 ? NULL : name;
	ret->alerts = &alert;
	ret->alert_count = number % 13 == 0;
}

static void same_text(const char *a, const char *b)
{
	assert_int_equal(!a, !b);
	if (a)
		assert_string_equal(a, b);
}

static void same_rows(const struct derived *a, const struct derived *b)
{
	assert_int_equal(a->task_id, b->task_id);
	assert_int_equal(a->cluster_id, b->cluster_id);
	assert_int_equal(a->container_id, b->container_id);
	same_text(a->watermark, b->watermark);
	assert_int_equal(a->entity_count, b->entity_count);
	assert_int_equal(a->fact_count, b->fact_count);
	assert_int_equal(a->alias_count, b->alias_count);
	assert_int_equal(a->assertion_count, b->assertion_count);
	for (size_t i = 0; i < a->entity_count; i++) {
		assert_int_equal(a->entities[i].id, b->entities[i].id);
		same_text(a->entities[i].key, b->entities[i].key);
	}
	for (size_t i = 0; i < a->fact_count; i++)
		same_text(a->facts[i].value, b->facts[i].value);
	for (size_t i = 0; i < a->assertion_count; i++) {
		assert_int_equal(a->assertions[i].from, b->assertions[i].from);
		assert_int_equal(a->assertions[i].to, b->assertions[i].to);
	}
}

static void a_memo_changes_nothing(void **state UNUSED)
{
	struct derived *with = calloc(1, sizeof(*with)), *without = calloc(1, sizeof(*without));
	AUTO_ARENA arena = { .max = 8u << 20 };

	/* each in turn is the memo's own; the others' events come in between */
	for (size_t own = 0; own < ORIGINS; own++) {
		struct derive_memo *memo = derive_memo_new();

		for (size_t i = 0; i < EVENTS; i++) {
			struct process process;
			struct event event;
			struct derive_input input = { .stream = "00ff", .event = &event };
			char name[32];

			make_event(i, name, &process, &event);
			input.origin = &origins[i < 3 ? own : i % ORIGINS];
			arena_reset(&arena);
			assert_int_equal(derive_event(&input, &arena, without, NULL), 0);
			input.memo = memo;
			assert_int_equal(derive_event(&input, &arena, with, NULL), 0);
			same_rows(with, without);
		}
		derive_memo_free(memo);
	}
	free(with);
	free(without);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_memo_changes_nothing) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
