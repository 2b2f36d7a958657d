/*
 * What was met on the way and is not worth showing.
 */
#include <string.h>

#include "collector/correlate/inquiry.h"

static bool has_alert(const struct inquiry *inquiry, const char *id)
{
	for (size_t i = 0; i < inquiry->alert_count; i++) {
		if (strcmp(inquiry->alerts[i].id, id) == 0)
			return true;
	}
	return false;
}

/* Files and processes are of interest where a shown alert names them, tasks where they have alerts or were acted on. */
static bool is_named(const struct inquiry *inquiry, const struct node *node)
{
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct node *from = node_find(inquiry, inquiry->rows[i].from);

		if (inquiry->rows[i].to != node->row.id || from == NULL)
			continue;
		if (from->row.kind == ENTITY_ALERT && has_alert(inquiry, from->row.key))
			return true;
		if (is_deed(&inquiry->rows[i]) && from->is_principal)
			return true;
	}
	return false;
}

/* Keys that were handed out and never seen used say nothing yet. */
static bool is_used_key(const struct inquiry *inquiry, const struct node *node)
{
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];

		if (row->from == node->row.id && strcmp(row->detail, "userIdentity.accessKeyId") == 0)
			return true;
	}
	return is_named(inquiry, node);
}

/* A tag adds nothing where the same container's digest is known. */
static bool is_known_by_digest(const struct inquiry *inquiry, const struct node *image)
{
	bool is_known = false;

	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *tag = &inquiry->rows[i];
		bool has_digest = false;

		if (tag->to != image->row.id ||
		    strcmp(tag->method, link_methods[LINK_CONTAINER_IMAGE_TAG].method) != 0)
			continue;
		for (size_t j = 0; j < inquiry->row_count && !has_digest; j++)
			has_digest = inquiry->rows[j].from == tag->from &&
				     strcmp(inquiry->rows[j].method,
					    link_methods[LINK_CONTAINER_IMAGE_DIGEST].method) == 0;
		if (!has_digest)
			return false;
		is_known = true;
	}
	return is_known;
}

static bool is_worth_showing(const struct inquiry *inquiry, const struct node *node)
{
	switch (node->is_spine ? ENTITY_KIND_COUNT : node->row.kind) {
	case ENTITY_ALERT:
		return has_alert(inquiry, node->row.key);
	case ENTITY_TASK:
		return node->is_alerted || is_named(inquiry, node);
	case ENTITY_FILE:
	case ENTITY_PROCESS:
		return is_named(inquiry, node);
	case ENTITY_ACCESS_KEY:
		return is_used_key(inquiry, node);
	case ENTITY_IMAGE:
		return !is_known_by_digest(inquiry, node);
	default:
		return true;
	}
}

void neighbourhood_prune(struct inquiry *inquiry)
{
	size_t tasks = 0;

	for (size_t i = 0; i < inquiry->node_count; i++) {
		struct node *node = &inquiry->nodes[i];

		node->is_kept = is_worth_showing(inquiry, node);
		tasks += node->row.kind == ENTITY_TASK && !node->is_kept;
	}
	if (tasks > 0)
		cut_add(inquiry, "%zu other tasks, without alerts, are left out", tasks);
}
