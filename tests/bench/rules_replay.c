/*
 * CPU time of the rule engine per event on events that were read elsewhere: rules_replay EVENTS RULES. A line of EVENTS is an
 * event: its type, then NAME=VALUE of fields, members of lists as NAME=VALUE again, all with US (0x1f) between.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rules/given.h"
#include "rules/ruleset.h"

#define ROUNDS	      9
#define EVENTS_MAX    65536
#define ARGUED_MAX    64
#define VALUES_MAX    16
#define SEPARATOR     "\x1f"
#define MATCHES_LEAST 400000 /* events of a round, so that it is long enough to be measured */

struct argued {
	enum field field;
	const char *argument;
	struct value value;
};

struct replayed {
	const char *type;
	bool has[FIELD_COUNT];
	struct value values[FIELD_COUNT];
	struct argued argued[ARGUED_MAX];
	size_t argued_count;
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "rules_replay: %s: %s\n", what, why);
	exit(1);
}

static bool event_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const struct replayed *event = context;

	if (!argument) {
		if (event->has[field])
			*ret = event->values[field];
		return event->has[field];
	}
	for (size_t i = 0; i < event->argued_count; i++) {
		if (event->argued[i].field == field && strcmp(event->argued[i].argument, argument) == 0) {
			*ret = event->argued[i].value;
			return true;
		}
	}
	return false;
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

static void event_fill(struct replayed *event, const struct given *given)
{
	for (size_t i = 0; i < given->count; i++) {
		const struct given_value *value = &given->values[i];

		if (!value->argument) {
			event->has[value->field] = true;
			event->values[value->field] = value->value;
		} else if (event->argued_count < ARGUED_MAX) {
			event->argued[event->argued_count++] =
				(struct argued){ value->field, value->argument, value->value };
		}
	}
}

static struct replayed *event_make(struct arena *arena, char *line)
{
	struct replayed *event = arena_new(arena, struct replayed);
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

static size_t events_read(const char *path, struct arena *arena, struct replayed **events)
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

static double cpu_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int double_compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return a < b ? -1 : a > b;
}

static void replay(const struct ruleset *set, struct replayed **events, size_t count)
{
	size_t passes = MATCHES_LEAST / count + 1, matched = 0;
	double times[ROUNDS];

	for (int round = 0; round < ROUNDS; round++) {
		double start = cpu_now();

		matched = 0;
		for (size_t i = 0; i < passes * count; i++) {
			const struct replayed *event = events[i % count];
			struct field_reader reader = { .read = event_read, .context = event };

			matched += ruleset_match(set, "syscall", event->type, &reader, NULL, NULL) > 0;
		}
		times[round] = (cpu_now() - start) / (double)(passes * count);
	}
	qsort(times, ROUNDS, sizeof(*times), double_compare);
	printf("%.1f %zu\n", times[ROUNDS / 2], matched / passes);
}

int main(int argc, char **argv)
{
	static struct replayed *events[EVENTS_MAX];
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
