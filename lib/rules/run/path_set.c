#include <fnmatch.h>
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "rules/run/matcher.h"

#define COMPONENT_MAX 4096 /* bytes; a longer one matches no pattern */

struct component {
	const char *text;
	size_t length;
	bool is_pattern;
};

struct path {
	struct component *components;
	size_t count;
};

struct path_set {
	struct path *paths;
	size_t count;
};

/* The next component of a path; empty ones do not count. */
static bool component_next(const char **at, const char *end, struct component *ret)
{
	const char *slash;

	while (*at < end && **at == '/')
		++*at;
	if (*at == end)
		return false;
	slash = memchr(*at, '/', (size_t)(end - *at));
	ret->text = *at;
	ret->length = (size_t)((slash ? slash : end) - *at);
	*at += ret->length;
	return true;
}

static bool path_read(struct arena *arena, const struct value *value, struct path *ret)
{
	const char *at = value->text, *end = at + value->length;
	struct component component = { 0 };

	ret->components = arena_array(arena, struct component, value->length / 2 + 1);
	if (!ret->components)
		return false;
	while (component_next(&at, end, &component)) {
		component.text = arena_copy(arena, component.text, component.length);
		if (!component.text)
			return false;
		component.is_pattern = strpbrk(component.text, "?*[");
		ret->components[ret->count++] = component;
	}
	return true;
}

struct path_set *path_set_new(struct arena *arena, const struct value *values, size_t count)
{
	struct path_set *set = arena_new(arena, struct path_set);

	if (!set)
		return NULL;
	set->paths = arena_array(arena, struct path, count + 1);
	if (!set->paths)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		if (!path_read(arena, &values[i], &set->paths[set->count++]))
			return NULL;
	}
	return set;
}

static bool component_matches(const struct component *wanted, const struct component *have)
{
	char text[COMPONENT_MAX];

	if (!wanted->is_pattern)
		return wanted->length == have->length && memcmp(wanted->text, have->text, have->length) == 0;
	if (have->length >= sizeof(text))
		return false;
	memcpy(text, have->text, have->length);
	text[have->length] = 0;
	return fnmatch(wanted->text, text, 0) == 0;
}

/* True if the components of wanted are the first ones of path. */
static bool path_begins(const struct path *wanted, const char *path, size_t length)
{
	const char *end = path + length;
	struct component have;

	for (size_t i = 0; i < wanted->count; i++) {
		if (!component_next(&path, end, &have) || !component_matches(&wanted->components[i], &have))
			return false;
	}
	return wanted->count > 0 || length > 0;
}

bool path_set_has(const struct path_set *set, const char *path, size_t length)
{
	for (size_t i = 0; i < set->count; i++) {
		if (path_begins(&set->paths[i], path, length))
			return true;
	}
	return false;
}
