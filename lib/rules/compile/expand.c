#include "rules/compile/expand.h"

#include <string.h>

#define BLANKS " \t\n\r"
#define LIMITS BLANKS "(),="

/* A text under change, with the offset that each byte came from. */
struct draft {
	struct strbuf text, from;
};

static void draft_fini(struct draft *draft)
{
	strbuf_fini(&draft->text);
	strbuf_fini(&draft->from);
}

/* Adds bytes that came from that offset, and each from the one step behind the one before. */
static void draft_extend(struct draft *draft, const char *text, size_t length, uint32_t from, uint32_t step)
{
	char *places = strbuf_reserve(&draft->from, length * sizeof(from));

	strbuf_add(&draft->text, text, length);
	for (size_t i = 0; places && i < length; i++, from += step)
		memcpy(places + i * sizeof(from), &from, sizeof(from));
	if (places)
		strbuf_grown(&draft->from, length * sizeof(from));
}

static void draft_add(struct draft *draft, const char *text, size_t length, uint32_t from)
{
	draft_extend(draft, text, length, from, 0);
}

static void draft_copy(struct draft *draft, const struct draft *other, size_t start, size_t end)
{
	strbuf_add(&draft->text, other->text.data + start, end - start);
	strbuf_add(&draft->from, other->from.data + start * sizeof(uint32_t), (end - start) * sizeof(uint32_t));
}

static uint32_t draft_from(const struct draft *draft, size_t at)
{
	uint32_t from = 0;

	memcpy(&from, draft->from.data + at * sizeof(from), sizeof(from));
	return from;
}

static bool is_one_of(char c, const char *set)
{
	return c && strchr(set, c);
}

/* The next place from at on where name stands alone, or SIZE_MAX. */
static size_t name_find(const struct strbuf *text, const char *name, size_t at)
{
	size_t length = strlen(name);
	const char *found;

	while (at <= text->length && (found = strstr(text->data + at, name))) {
		size_t start = (size_t)(found - text->data);
		char after = found[length];

		if ((start == 0 || is_one_of(found[-1], LIMITS)) && (!after || is_one_of(after, LIMITS)))
			return start;
		at = start + 1;
	}
	return SIZE_MAX;
}

static void draft_cut(struct draft *draft, size_t count)
{
	strbuf_truncate(&draft->text, draft->text.length - count);
	strbuf_truncate(&draft->from, draft->from.length - count * sizeof(uint32_t));
}

static bool draft_ends(const struct draft *draft, const char *set)
{
	return draft->text.length && is_one_of(draft->text.data[draft->text.length - 1], set);
}

/* Replaces every use of the list, with the blanks around it; true if there was one. */
static bool list_paste(struct draft *draft, const struct list_item *list)
{
	size_t at = 0, found = name_find(&draft->text, list->name, 0), pasted = strlen(list->pasted);
	CLEANUP(draft_fini) struct draft next = { STRBUF_INIT, STRBUF_INIT };

	if (found == SIZE_MAX)
		return false;
	strbuf_init(&next.text, CONDITION_TEXT_MAX);
	for (; found != SIZE_MAX; found = name_find(&draft->text, list->name, at)) {
		uint32_t from = draft_from(draft, found);

		draft_copy(&next, draft, at, found);
		at = found + strlen(list->name);
		while (draft_ends(&next, BLANKS))
			draft_cut(&next, 1);
		while (is_one_of(draft->text.data[at], BLANKS))
			at++;
		if (!pasted) { /* an empty list takes one comma with it */
			if (draft_ends(&next, ","))
				draft_cut(&next, 1);
			else if (draft->text.data[at] == ',')
				at++;
		}
		if (next.text.length)
			draft_add(&next, " ", 1, from);
		draft_add(&next, list->pasted, pasted, from);
		draft_add(&next, " ", 1, from);
		if (next.text.failed)
			break;
	}
	draft_copy(&next, draft, at, draft->text.length);
	draft_fini(draft);
	*draft = next;
	next = (struct draft){ STRBUF_INIT, STRBUF_INIT };
	return true;
}

static bool list_prepare(struct ruleset *set, struct list_item *list)
{
	AUTO_STRBUF text = { .data = strbuf_empty, .max = CONDITION_TEXT_MAX };

	for (size_t i = 0; i < list->values.count && !text.failed; i++) {
		const char *value = list->values.items[i];
		struct list_item *other = map_get(set->list_names, value);

		if (other && other->number < list->visibility && other != list) {
			other->is_used = true;
			for (size_t k = 0; k < other->values.count; k++) {
				const char *inner = other->values.items[k];
				bool bare = !strchr(inner, ' ') || *inner == '"' || *inner == '\'';

				strbuf_addf(&text, bare ? "%s%s" : "%s\"%s\"", text.length ? ", " : "", inner);
			}
			continue;
		}
		strbuf_addf(&text, strchr(value, ' ') && *value != '"' && *value != '\'' ? "%s\"%s\"" : "%s%s",
			    text.length ? ", " : "", value);
	}
	if (text.failed)
		set_report(set, &list->origin, "LOAD_ERR_VALIDATE", item_label(set, "list", list->name),
			   "the list is longer than %u bytes", CONDITION_TEXT_MAX);
	list->pasted = arena_copy(&set->arena, text.data, text.failed ? 0 : text.length);
	return list->pasted;
}

bool lists_prepare(struct ruleset *set)
{
	for (size_t i = 0; i < set->lists.count; i++) {
		if (!list_prepare(set, set->lists.items[i])) {
			set->failed_memory = true;
			return false;
		}
	}
	return true;
}

struct ast_home *text_expand(struct ruleset *set, const struct pieced_text *written, const char *label)
{
	CLEANUP(draft_fini) struct draft draft = { STRBUF_INIT, STRBUF_INIT };
	struct ast_home *home = arena_new(&set->arena, struct ast_home);

	strbuf_init(&draft.text, CONDITION_TEXT_MAX);
	draft_extend(&draft, written->text, written->length, 0, 1);
	for (size_t i = 0; i < set->lists.count; i++) {
		struct list_item *list = set->lists.items[i];

		if (list_paste(&draft, list))
			list->is_used = true;
	}
	if (draft.text.failed) {
		struct origin origin = text_origin(written, 0);

		set_report(set, &origin, "LOAD_ERR_VALIDATE", label,
			   "the condition is longer than %u bytes once lists are put in", CONDITION_TEXT_MAX);
		return NULL;
	}
	if (home && !draft.text.failed && !draft.from.failed) {
		home->written = written;
		home->length = draft.text.length;
		home->text = arena_copy(&set->arena, draft.text.data, draft.text.length);
		home->from = (const uint32_t *)arena_copy(&set->arena, draft.from.data, draft.from.length);
	}
	if (!home || !home->text || !home->from) {
		set->failed_memory = true;
		return NULL;
	}
	return home;
}

struct origin home_origin(const struct ast_home *home, size_t at)
{
	size_t length = home->written->length;

	return text_origin(home->written, at < home->length ? home->from[at] : length);
}
