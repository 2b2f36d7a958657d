#include "rules/compile/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

/* A run of letters that stand for themselves. */
struct literal_run {
	size_t from, length;
};

void pattern_list_fini(struct pattern_list *list)
{
	free(list->items);
	*list = (struct pattern_list){ 0 };
}

static bool list_push(struct pattern_list *list, const struct pattern *pattern)
{
	if (list->count == list->size) {
		size_t size = list->size ? list->size * 2 : 16;
		struct pattern *grown = realloc(list->items, size * sizeof(*grown));

		if (!grown)
			return false;
		list->items = grown;
		list->size = size;
	}
	list->items[list->count++] = *pattern;
	return true;
}

/* The longest run of a shell pattern; what follows a [ is not looked at. */
static struct literal_run glob_run(const struct value *glob)
{
	struct literal_run longest = { 0, 0 }, run = { 0, 0 };

	for (size_t i = 0; i < glob->length && glob->text[i] != '['; i++) {
		if (!strchr("*?\\", glob->text[i])) {
			run.length++;
		} else {
			i += glob->text[i] == '\\';
			run = (struct literal_run){ i + 1, 0 };
		}
		if (run.length > longest.length)
			longest = run;
	}
	return longest;
}

/* Letters outside of ASCII are several bytes to a regular expression that may be repeated as one. */
static bool stands_for_itself(char c)
{
	return (unsigned char)c < 0x80 && !strchr(".*+?()[]{}\\^$#", c);
}

/* What a regular expression begins with, if nothing in it is an alternative. */
static struct literal_run regex_run(const struct value *regex)
{
	struct literal_run run = { 0, 0 };

	if (memchr(regex->text, '|', regex->length))
		return run;
	run.from = regex->length && *regex->text == '^';
	while (run.from + run.length < regex->length && stands_for_itself(regex->text[run.from + run.length]))
		run.length++;
	if (run.length && run.from + run.length < regex->length && strchr("*?{", regex->text[run.from + run.length]))
		run.length--;
	return run;
}

/* The kind of pattern for an operator; PATTERN_KIND_COUNT if there is none. */
static enum pattern_kind kind_of(const struct matcher *matcher)
{
	switch (matcher->op) {
	case OP_EQ:
	case OP_IN:
	case OP_INTERSECTS:
		return matcher->type == VALUE_NET ? PATTERN_NET : PATTERN_EQUAL;
	case OP_STARTSWITH:
	case OP_BSTARTSWITH:
	case OP_REGEX:
		return PATTERN_START;
	case OP_ENDSWITH:
		return PATTERN_END;
	case OP_CONTAINS:
	case OP_BCONTAINS:
	case OP_GLOB:
		return PATTERN_PART;
	case OP_ICONTAINS:
	case OP_IGLOB:
		return PATTERN_PART_ANY_CASE;
	case OP_PMATCH:
		return PATTERN_PATH;
	default:
		return PATTERN_KIND_COUNT;
	}
}

static bool is_text(enum value_type type)
{
	return type == VALUE_TEXT || type == VALUE_BYTES;
}

/* The part of a constant that every value must have. */
static struct value constant_part(const struct matcher *matcher, size_t index)
{
	struct value constant = matcher->values[index];
	struct literal_run run;

	if (matcher->op != OP_GLOB && matcher->op != OP_IGLOB && matcher->op != OP_REGEX)
		return constant;
	run = matcher->op == OP_REGEX ? regex_run(&constant) : glob_run(&constant);
	constant.text += run.from;
	constant.length = run.length;
	return constant;
}

/* True if the first component of a path is no pattern. */
static bool path_has_start(const struct value *path)
{
	const char *at = path->text + strspn(path->text, "/"), *end = at + strcspn(at, "/?*[");

	return end > at && (!*end || *end == '/');
}

static bool constant_is_found(const struct matcher *matcher, size_t index)
{
	struct value part = constant_part(matcher, index);

	if (matcher->op == OP_PMATCH)
		return part.length < PATTERN_PATH_MAX && path_has_start(&part);
	return !is_text(matcher->type) || part.length > 0;
}

bool check_has_patterns(const struct matcher *matcher)
{
	if (matcher->right != UINT32_MAX || !matcher->count || kind_of(matcher) == PATTERN_KIND_COUNT)
		return false;
	for (size_t i = 0; i < matcher->count; i++) {
		if (!constant_is_found(matcher, i))
			return false;
	}
	return true;
}

bool check_is_patterns(const struct matcher *matcher)
{
	bool wants_all = matcher->is_list && matcher->op == OP_IN && !matcher->is_ancestors;

	switch (matcher->op) {
	case OP_PMATCH:
	case OP_GLOB:
	case OP_IGLOB:
	case OP_REGEX:
		return false;
	default:
		return !wants_all && (matcher->modifier == MODIFIER_NONE || matcher->modifier == MODIFIER_ANYOF) &&
		       check_has_patterns(matcher);
	}
}

bool check_patterns(struct arena *arena, const struct matcher *matcher, uint32_t number, struct pattern_list *list)
{
	struct pattern pattern;

	for (size_t i = 0; i < matcher->count; i++) {
		struct value constant = constant_part(matcher, i);
		unsigned int bits = matcher->prefixes ? matcher->prefixes[i] : 0;

		constant.type = matcher->type;
		if (!pattern_make(arena, kind_of(matcher), &constant, bits, number, &pattern) ||
		    !list_push(list, &pattern))
			return false;
	}
	return true;
}
