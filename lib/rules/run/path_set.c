#include "rules/run/path_set.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "rules/run/prefix_set.h"

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

/* plain: those without patterns, as prefixes of plain forms; paths: the others. */
struct path_set {
	struct prefix_set *plain;
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

static bool is_pattern(const struct component *component)
{
	for (size_t i = 0; i < component->length; i++) {
		if (strchr("?*[", component->text[i]))
			return true;
	}
	return false;
}

char *path_plain(struct arena *arena, const char *path, size_t length, size_t *ret_length)
{
	const char *at = path, *end = path + length;
	char *plain = arena_alloc(arena, length + 2);
	struct component component = { 0 };

	*ret_length = 0;
	while (plain && component_next(&at, end, &component) && !is_pattern(&component)) {
		memcpy(plain + *ret_length, component.text, component.length);
		*ret_length += component.length;
		plain[(*ret_length)++] = '/';
	}
	return *ret_length && *ret_length <= PATH_PLAIN_MAX ? plain : NULL;
}

size_t path_plain_into(char *buffer, const char *path, size_t length)
{
	const char *at = path, *end = path + length;
	struct component component = { 0 };
	size_t used = 0;

	while (component_next(&at, end, &component)) {
		size_t room = PATH_PLAIN_MAX - used;

		if (component.length + 1 > room) {
			memcpy(buffer + used, component.text, component.length < room ? component.length : room);
			return used + (component.length < room ? component.length : room);
		}
		memcpy(buffer + used, component.text, component.length);
		used += component.length;
		buffer[used++] = '/';
	}
	return used;
}

/* True if the plain form tells all of the path. */
static bool is_plain(const struct value *value, size_t plain_length)
{
	const char *at = value->text, *end = at + value->length;
	struct component component = { 0 };
	size_t length = 0;

	while (component_next(&at, end, &component))
		length += component.length + 1;
	return length == plain_length && length > 0;
}

struct path_set *path_set_new(struct arena *arena, const struct value *values, size_t count)
{
	struct path_set *set = arena_new(arena, struct path_set);
	AUTO_FREE struct prefix *plain = calloc(count + 1, sizeof(*plain));
	size_t plain_count = 0, length;

	if (!set || !plain)
		return NULL;
	set->paths = arena_array(arena, struct path, count + 1);
	if (!set->paths)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		char *text = path_plain(arena, values[i].text, values[i].length, &length);

		if (text && is_plain(&values[i], length))
			plain[plain_count++] = (struct prefix){ text, length, length * 8, 0 };
		else if (!path_read(arena, &values[i], &set->paths[set->count++]))
			return NULL;
	}
	if (plain_count)
		set->plain = prefix_set_new(arena, plain, plain_count, false);
	return !plain_count || set->plain ? set : NULL;
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
	char plain[PATH_PLAIN_MAX];

	if (set->plain && prefix_set_longest(set->plain, plain, path_plain_into(plain, path, length)) != PREFIX_NONE)
		return true;
	for (size_t i = 0; i < set->count; i++) {
		if (path_begins(&set->paths[i], path, length))
			return true;
	}
	return false;
}
