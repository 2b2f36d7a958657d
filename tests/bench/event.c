#include "tests/bench/event.h"

#include <string.h>

bool bench_event_set(struct bench_event *event, enum field field, const char *argument, const struct value *value)
{
	if (!argument) {
		event->has[field] = true;
		event->values[field] = *value;
		return true;
	}
	if (event->argued_count == ARGUED_MAX)
		return false;
	event->argued[event->argued_count].field = field;
	event->argued[event->argued_count].argument = argument;
	event->argued[event->argued_count++].value = *value;
	return true;
}

bool bench_event_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const struct bench_event *event = context;

	if (!argument) {
		if (event->has[field])
			*ret = event->values[field];
		return event->has[field];
	}
	for (size_t i = 0; i < event->argued_count; i++) {
		if (event->argued[i].field != field || strcmp(event->argued[i].argument, argument) != 0)
			continue;
		*ret = event->argued[i].value;
		return true;
	}
	return false;
}
