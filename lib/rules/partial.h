/*
 * partial.h: whether rules could hold for an event of which only a part is known: at the entry of a call, before its result.
 */
#pragma once

#include "rules/ruleset.h"

struct partial_event {
	const char *evt_type;
	const struct field_reader *reader;
	/* False: the field may still get any value, or none. context is the reader's. */
	bool (*is_known)(const void *context, enum field field, const char *argument);
};

/*
 * False only if no enabled rule of source can hold, whatever the unknown fields turn out to be. True may be too careful. Also
 * true without memory.
 */
bool ruleset_may_match(const struct ruleset *set, const char *source, const struct partial_event *event);

/* The same for one rule; false for a disabled one. */
bool ruleset_rule_may_match(const struct ruleset *set, size_t rule, const struct partial_event *event);

/*
 * Calls found(context, rule index) for each enabled rule of source that holds whatever the unknown fields turn out to be.
 * Returns how many; none without memory.
 */
size_t ruleset_match_surely(const struct ruleset *set, const char *source, const struct partial_event *event,
			    void (*found)(void *context, size_t rule), void *context);
