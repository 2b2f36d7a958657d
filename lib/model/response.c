#include "model/response.h"

#include <string.h>

#include "base/attr.h"

static const struct {
	const char *name;
	bool is_available;
} actions[] = {
#define X(id, number, name, is_available, text) [number] = { (name), (is_available) },
	ACTIONS(X)
#undef X
};

static const char *const outcomes[] = {
#define X(id, number, name) [number] = (name),
	OUTCOMES(X)
#undef X
};

const char *action_name(enum response_action action)
{
	return (size_t)action < ARRAY_SIZE(actions) ? actions[action].name : NULL;
}

const char *outcome_name(enum outcome outcome)
{
	return (size_t)outcome < ARRAY_SIZE(outcomes) ? outcomes[outcome] : NULL;
}

int action_find(const char *name)
{
	for (int i = ACTION_NOTIFY; i <= ACTION_LAST; i++) {
		if (strcmp(actions[i].name, name) == 0)
			return i;
	}
	return -1;
}

bool action_is_available(enum response_action action)
{
	return (size_t)action < ARRAY_SIZE(actions) && actions[action].is_available;
}
