/*
 * event.h: events of the benches of rules: fields in a table by number, as a sensor has them that has everything at hand; those with an
 * argument in a short list.
 */
#pragma once

#include "rules/ruleset.h"

#define ARGUED_MAX 64

struct bench_event {
	const char *type;
	bool has[FIELD_COUNT];
	struct value values[FIELD_COUNT];
	struct {
		enum field field;
		const char *argument;
		struct value value;
	} argued[ARGUED_MAX];
	size_t argued_count;
};

/* argument: NULL for none; borrowed. False if there are too many with one. */
bool bench_event_set(struct bench_event *event, enum field field, const char *argument, const struct value *value);

/* The function of a field_reader. */
bool bench_event_read(const void *context, enum field field, const char *argument, struct value *ret);
