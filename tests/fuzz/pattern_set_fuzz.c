/* Patterns and a value, a line each, the value first: what the set finds is what comparing one by one finds. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "rules/run/matcher.h"
#include "rules/run/path_set.h"
#include "rules/run/pattern_set.h"

#define PATTERNS_MAX 256
#define INPUT_MAX    65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_part(const char *text, const char *part, bool any_case)
{
	return any_case ? strcasestr(text, part) : strstr(text, part);
}

static bool is_path_start(const char *text, const char *path)
{
	struct value value = value_text(path, strlen(path));
	struct path_set *set;
	AUTO_ARENA arena;

	arena_init(&arena, 1 << 20);
	set = path_set_new(&arena, &value, 1);
	return set && path_set_has(set, text, strlen(text));
}

static bool holds(enum pattern_kind kind, const char *text, const char *pattern)
{
	size_t length = strlen(text), part = strlen(pattern);

	switch (kind) {
	case PATTERN_EQUAL:
		return strcmp(text, pattern) == 0;
	case PATTERN_START:
		return strncmp(text, pattern, part) == 0;
	case PATTERN_END:
		return length >= part && strcmp(text + length - part, pattern) == 0;
	case PATTERN_PART:
	case PATTERN_PART_ANY_CASE:
		return is_part(text, pattern, kind == PATTERN_PART_ANY_CASE);
	default:
		return is_path_start(text, pattern);
	}
}

static bool hit_note(void *context, const struct pattern_found *found)
{
	for (size_t i = 0; i < found->count; i++)
		((bool *)context)[found->numbers[i]] = true;
	return false;
}

struct line {
	enum pattern_kind kind;
	const char *text;
};

static void compare(const char *text, struct line *lines, size_t count)
{
	struct value value = value_text(text, strlen(text));
	struct pattern patterns[PATTERNS_MAX];
	bool found[PATTERNS_MAX] = { 0 }, added[PATTERNS_MAX] = { 0 };
	struct pattern_set *set;
	size_t made = 0;
	AUTO_ARENA arena;

	arena_init(&arena, 64 << 20);
	for (size_t i = 0; i < count; i++) {
		struct value constant = value_text(lines[i].text, strlen(lines[i].text));

		added[i] = (lines[i].kind != PATTERN_PATH || !strpbrk(lines[i].text, "?*[")) &&
			   pattern_make(&arena, lines[i].kind, &constant, 0, (uint32_t)i, &patterns[made]);
		made += added[i];
	}
	set = pattern_set_new(&arena, VALUE_TEXT, patterns, made);
	if (!set)
		abort();
	pattern_set_find(set, &value, text_hash(value.text, value.length), hit_note, found);
	for (size_t i = 0; i < count; i++) {
		if (added[i] && found[i] != holds(lines[i].kind, text, lines[i].text))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = size < INPUT_MAX ? strndup((const char *)data, size) : NULL, *rest = text, *line;
	struct line lines[PATTERNS_MAX];
	size_t count = 0;
	const char *value;

	value = rest ? strsep(&rest, "\n") : NULL;
	while (value && (line = strsep(&rest, "\n")) && count < PATTERNS_MAX) {
		if (*line)
			lines[count++] = (struct line){ (unsigned char)*line % PATTERN_NET, line + 1 };
	}
	if (value)
		compare(value, lines, count);
	free(text);
	return 0;
}
