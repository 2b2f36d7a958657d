#include <ctype.h>
#include <string.h>

#include "collector/correlate/inquiry.h"
#include "json/json.h"

#define NEXT_MAX 4

/* These lines are meant to be pasted into a shell: a name that needs quoting is left out. */
static bool is_safe(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		if (!isalnum((unsigned char)*at) && strchr("-_./:@+=,", *at) == NULL)
			return false;
	}
	return *text != '\0' && *text != '-';
}

static const char *command_for(const struct inquiry *inquiry, const struct node *node)
{
	bool by_key = node->row.kind != ENTITY_USER && node->row.kind != ENTITY_TASK;

	if (by_key && strncmp(node->row.key, "arn:", 4) == 0)
		return arena_printf(inquiry->arena, "secctl investigate %s", node->row.key);
	return arena_printf(inquiry->arena, "secctl investigate %s/%s", entity_kind_name(node->row.kind),
			    by_key ? node->row.key : node->name);
}

static void suggest(const struct inquiry *inquiry, json_t *next, const struct node *node)
{
	const char *line = command_for(inquiry, node);

	if (line == NULL || !is_safe(node->name) || !is_safe(node->row.key) || json_array_size(next) >= NEXT_MAX)
		return;
	for (size_t i = 0; i < json_array_size(next); i++) {
		if (strcmp(json_string_value(json_array_get(next, i)), line) == 0)
			return;
	}
	json_array_append_new(next, json_string(line));
}

/* Who did something, then who tried, then where it happened. */
json_t *next_write(const struct inquiry *inquiry)
{
	static const struct {
		enum entity_kind kind;
		enum strength strength;
	} wanted[] = {
		{ ENTITY_USER, STRENGTH_PERFORMED }, { ENTITY_SESSION, STRENGTH_PERFORMED },
		{ ENTITY_USER, STRENGTH_ATTEMPTED }, { ENTITY_SESSION, STRENGTH_ATTEMPTED },
		{ ENTITY_TASK, STRENGTH_IDENTITY },
	};
	json_t *next = json_array();
	const char *line;

	for (size_t k = 0; k < ARRAY_SIZE(wanted); k++) {
		for (size_t i = 0; i < inquiry->link_count; i++) {
			const struct graph_link *link = &inquiry->links[i];
			const struct node *node = node_find(inquiry, link->from);

			if (node->row.kind == wanted[k].kind && link->strength == wanted[k].strength &&
			    node->row.id != inquiry->subject.entity.id)
				suggest(inquiry, next, node);
		}
	}
	line = arena_printf(inquiry->arena, "secctl investigate --min-confidence 0 %s", inquiry->subject.reference);
	if (inquiry->hidden_links > 0 && line != NULL && is_safe(inquiry->subject.reference))
		json_array_append_new(next, json_string(line));
	if (json_array_size(next) == 0)
		json_array_append_new(next, json_string("secctl alerts list"));
	return next;
}
