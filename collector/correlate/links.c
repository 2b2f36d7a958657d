#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collector/correlate/sentence.h"

static bool is_stop(int64_t entity, const void *context)
{
	const struct node *node = node_find(context, entity);

	return node == NULL || node->row.kind == ENTITY_ACCOUNT || node->row.kind == ENTITY_IP ||
	       node->row.kind == ENTITY_AWS_SERVICE || node->row.kind == ENTITY_ROLE ||
	       node->row.kind == ENTITY_IMAGE;
}

static const char *key_of(const struct inquiry *inquiry, int64_t entity)
{
	return node_find(inquiry, entity)->row.key;
}

/* A sort without context: the inquiry being sorted for. Keys decide last, as ids are hashes. */
struct sortable {
	struct graph_link link;
	const char *from, *to;
};

static int compare_links(const void *left, const void *right)
{
	const struct sortable *a = left;
	const struct sortable *b = right;
	int order;

	if (a->link.strength != b->link.strength)
		return (int)a->link.strength - (int)b->link.strength;
	if (a->link.confidence != b->link.confidence)
		return a->link.confidence < b->link.confidence ? 1 : -1;
	order = strcmp(a->link.relation, b->link.relation);
	if (order == 0)
		order = strcmp(a->from, b->from);
	return order != 0 ? order : strcmp(a->to, b->to);
}

static bool is_shown(struct inquiry *inquiry, const struct graph_link *link)
{
	const struct node *from = node_find(inquiry, link->from);
	const struct node *to = node_find(inquiry, link->to);

	if (from == NULL || to == NULL || !from->is_kept || !to->is_kept)
		return false;
	if (link->confidence >= inquiry->query->min_confidence)
		return true;
	inquiry->hidden_links++;
	return false;
}

/* Where there are too many, those that say what hangs together anyway give way to those that say who did what. */
static void keep_telling(struct inquiry *inquiry, const struct sortable *shown, size_t count)
{
	size_t identities = 0, room;

	while (identities < count && shown[identities].link.strength == STRENGTH_IDENTITY)
		identities++;
	room = count - identities < LINKS_MAX ? LINKS_MAX - (count - identities) : 0;
	for (size_t i = 0; i < count && inquiry->link_count < LINKS_MAX; i++) {
		if (i < room || i >= identities)
			inquiry->links[inquiry->link_count++] = shown[i].link;
	}
	if (count > LINKS_MAX)
		cut_add(inquiry, "%zu links were left out: an answer holds %d", count - LINKS_MAX, LINKS_MAX);
}

static int sort_links(struct inquiry *inquiry, const struct graph_link *all, size_t count, struct err *err)
{
	struct sortable *shown = arena_array(inquiry->arena, struct sortable, count + 1);
	size_t kept = 0;

	inquiry->links = arena_array(inquiry->arena, struct graph_link, count + 1);
	if (shown == NULL || inquiry->links == NULL)
		return err_set(err, ERR_MEMORY, "could not sort links: out of memory");
	for (size_t i = 0; i < count; i++) {
		if (is_shown(inquiry, &all[i]))
			shown[kept++] =
				(struct sortable){ all[i], key_of(inquiry, all[i].from), key_of(inquiry, all[i].to) };
	}
	qsort(shown, kept, sizeof(*shown), compare_links);
	keep_telling(inquiry, shown, kept);
	return 0;
}

int links_build(struct inquiry *inquiry, struct err *err)
{
	struct graph_walk walk = { .starts = &inquiry->subject.entity.id,
				   .start_count = 1,
				   .hops_max = GRAPH_HOPS_MAX,
				   .is_stop = is_stop,
				   .context = inquiry };
	struct graph_link *all;
	size_t count;
	int code = graph_links(inquiry->rows, inquiry->row_count, inquiry->arena, &all, &count, err);

	if (code >= 0)
		code = sort_links(inquiry, all, count, err);
	if (code < 0)
		return code;
	walk.links = inquiry->links;
	walk.link_count = inquiry->link_count;
	return graph_walk(&walk, inquiry->arena, &inquiry->reach, &inquiry->reach_count, err);
}

static json_t *events_json(const struct inquiry *inquiry, const struct graph_method *method)
{
	json_t *events = json_array();

	for (size_t i = 0; i < method->event_count; i++)
		json_array_append_new(events, json_string(event_text(method->events[i]->event_id, inquiry->arena)));
	return events;
}

static json_t *methods_json(const struct inquiry *inquiry, const struct graph_link *link)
{
	json_t *methods = json_array();

	for (size_t i = 0; i < link->method_count; i++) {
		const struct graph_method *method = &link->methods[i];
		const struct link_method_info *info = link_method_find(method->method);
		json_t *json = json_object();

		json_set_text(json, "method", method->method);
		json_object_set_new(json, "confidence", json_real(method->confidence));
		json_set_text(json, "caveat", info != NULL ? info->caveat : "");
		json_object_set_new(json, "events", events_json(inquiry, method));
		json_object_set_new(json, "event_count", json_integer((json_int_t)method->total));
		json_set_text(json, "detail", method->detail);
		json_array_append_new(methods, json);
	}
	return methods;
}

/* What somebody did to the task or image itself would tie them to it more than being near. */
static const char *stronger_tie(const struct inquiry *inquiry, const struct graph_link *near)
{
	for (size_t i = 0; i < inquiry->link_count; i++) {
		const struct graph_link *link = &inquiry->links[i];
		const struct node *to = node_find(inquiry, link->to);

		if (link->from == near->to && link->strength == STRENGTH_PERFORMED &&
		    (to->row.kind == ENTITY_TASK || to->row.kind == ENTITY_IMAGE))
			return arena_printf(inquiry->arena, "already seen: %s %s %s", node_text(inquiry, link->from),
					    relation_words(inquiry, link->relation), node_text(inquiry, link->to));
	}
	return arena_printf(inquiry->arena,
			    "an ecs ExecuteCommand, RunTask or PutImage by %s for this task or its image (none seen "
			    "in the window)",
			    node_text(inquiry, near->to));
}

static json_t *link_json(const struct inquiry *inquiry, const struct graph_link *link, size_t number)
{
	json_t *json = json_object();
	char id[24];

	json_object_set_new(json, "id", json_integer((json_int_t)number));
	snprintf(id, sizeof(id), "%lld", (long long)link->from);
	json_set_text(json, "from", id);
	json_set_text(json, "relation", link->relation);
	snprintf(id, sizeof(id), "%lld", (long long)link->to);
	json_set_text(json, "to", id);
	json_set_text(json, "from_text", node_text(inquiry, link->from));
	json_set_text(json, "to_text", node_text(inquiry, link->to));
	json_set_text(json, "strength", strength_name(link->strength));
	json_object_set_new(json, "confidence", json_real(link->confidence));
	json_set_text(json, "word", confidence_word(link->confidence));
	json_object_set_new(json, "cause", json_boolean(link->strength == STRENGTH_PERFORMED));
	json_object_set_new(json, "methods", methods_json(inquiry, link));
	if (strcmp(link->relation, link_methods[LINK_SAME_CLUSTER].relation) == 0) {
		json_set_text(json, "raises", stronger_tie(inquiry, link));
		json_set_text(json, "lowers", "a change ticket or a deployment in the window (none is known here)");
	}
	return json;
}

json_t *links_write(const struct inquiry *inquiry)
{
	json_t *links = json_array();

	for (size_t i = 0; i < inquiry->link_count; i++)
		json_array_append_new(links, link_json(inquiry, &inquiry->links[i], i + 1));
	return links;
}
