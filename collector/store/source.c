#include "collector/store/source.h"

#include <string.h>

#include "base/attr.h"
#include "model/event.h"

const char *const source_names[SOURCE_COUNT] = { "agent", "cloudtrail", "scan" };

/* What is neither a record of a cloud nor a scan, an agent has seen. */
static const struct kind {
	enum event_kind kind;
	const char *source;
} kinds[] = {
#define X(id, number, name)                                                                                          \
	{ EVENT_##id, EVENT_##id == EVENT_CLOUD ? "cloudtrail" : EVENT_##id == EVENT_SCAN ? "scan" : "agent" },
	EVENT_KINDS(X)
#undef X
};

bool source_is(const char *name)
{
	for (size_t i = 0; i < SOURCE_COUNT; i++) {
		if (strcmp(source_names[i], name) == 0)
			return true;
	}
	return false;
}

size_t source_kinds(const char *source, int64_t out[SOURCE_KINDS_MAX])
{
	size_t count = 0;

	_Static_assert(ARRAY_SIZE(kinds) <= SOURCE_KINDS_MAX, "room for every kind");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(kinds[i].source, source) == 0)
			out[count++] = kinds[i].kind;
	}
	return count;
}

void source_add_kinds(const char *source, struct params *params, size_t index)
{
	int64_t numbers[SOURCE_KINDS_MAX];
	size_t count = source_kinds(source, numbers);

	for (size_t i = 0; i < count; i++)
		params_int(params, index, numbers[i]);
}
