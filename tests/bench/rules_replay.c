/*
 * CPU time of the rule engine per event on events that were read elsewhere: rules_replay EVENTS RULES. A line of EVENTS is an
 * event: its type, then NAME=VALUE of fields, members of lists as NAME=VALUE again, all with US (0x1f) between.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/given.h"
#include "rules/ruleset.h"
#include "tests/bench/clock.h"
#include "tests/bench/event.h"

#define ROUNDS	      9
#define EVENTS_MAX    65536
#define VALUES_MAX    16
#define SEPARATOR     "\x1f"
#define MATCHES_LEAST 400000 /* events of a round, so that it is long enough to be measured */

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "rules_replay: %s: %s\n", what, why);
	exit(1);
}

/* All values of a field that stand together. */
static void field_give(struct given *given, char **rest, char *first)
{
	const char *values[VALUES_MAX];
	size_t length = strcspn(first, "="), count = 0;
	struct err err;

	for (char *at = first; at;) {
		values[count++] = at + length + 1;
		if (count == VALUES_MAX || !*rest || strncmp(*rest, first, length + 1) != 0)
			break;
		at = strsep(rest, SEPARATOR);
	}
	first[length] = 0;
	if (given_set(given, SOURCE_SYSCALL, first, values, count, &err) < 0)
		fail(first, err.message);
}

static void event_fill(struct bench_event *event, const struct given *given)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct given_value *value = &given->values[i];

		/* more than fit are left out */
		bench_event_set(event, value->field, value->argument, &value->value);
	}
}

static struct bench_event *event_make(struct arena *arena, char *line)
{
	struct bench_event *event = arena_new(arena, struct bench_event);
	char *rest = line, *word;
	struct given given;

	if (!event || !given_init(&given, arena))
		fail("events", "out of memory");
	event->type = strsep(&rest, SEPARATOR);
	while ((word = strsep(&rest, SEPARATOR)))
		field_give(&given, &rest, word);
	event_fill(event, &given);
	return event;
}

static size_t events_read(const char *path, struct arena *arena, struct bench_event **events)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t count = 0, size = 0;
	ssize_t length;

	if (!file)
		fail(path, "cannot be read");
	while (count < EVENTS_MAX && (length = getline(&line, &size, file)) > 0) {
		char *copy = arena_copy(arena, line, (size_t)length - (line[length - 1] == '\n'));

		if (!copy)
			fail(path, "out of memory");
		events[count++] = event_make(arena, copy);
	}
	free(line);
	fclose(file);
	return count;
}

static void replay(const struct ruleset *set, struct bench_event **events, size_t count)
{
	size_t passes = MATCHES_LEAST / count + 1, matched = 0;
	double times[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double start = clock_now();

		matched = 0;
		for (size_t i = 0; i < passes * count; i++) {
			const struct bench_event *event = events[i % count];
			struct field_reader reader = { .read = bench_event_read, .context = event };

			matched += ruleset_match(set, "syscall", event->type, &reader, NULL, NULL) > 0;
		}
		times[round] = (clock_now() - start) / (double)(passes * count);
	}
	clock_sort(times, ROUNDS);
	printf("%.1f %zu\n", times[ROUNDS / 2], matched / passes);
}

int main(int argc, char **argv)
{
	static struct bench_event *events[EVENTS_MAX];
	struct ruleset *set = ruleset_new();
	AUTO_ARENA arena;
	struct err err;
	size_t count;

	arena_init(&arena, (size_t)4 << 30);
	if (argc != 3 || !set)
		fail("usage", "rules_replay EVENTS RULES");
	if (ruleset_add_path(set, argv[2], &err) < 0 || ruleset_compile(set, &err) < 0)
		fail(argv[2], err.message);
	count = events_read(argv[1], &arena, events);
	if (!count)
		fail(argv[1], "no events");
	replay(set, events, count);
	ruleset_free(set);
	return 0;
}
