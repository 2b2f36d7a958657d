#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "collector/correlate/inquiry.h"

static int compare_nodes(const void *left, const void *right)
{
	const struct node *a = left;
	const struct node *b = right;

	return (a->row.id > b->row.id) - (a->row.id < b->row.id);
}

struct node *node_find(const struct inquiry *inquiry, int64_t entity)
{
	struct node wanted = { .row = { .id = entity } };

	if (inquiry->node_count == 0)
		return NULL;
	return bsearch(&wanted, inquiry->nodes, inquiry->node_count, sizeof(wanted), compare_nodes);
}

struct node *node_add(struct inquiry *inquiry, const struct entity_row *row, unsigned depth)
{
	struct node *found = node_find(inquiry, row->id);

	if (found != NULL)
		return found;
	if (inquiry->node_count == NODES_MAX)
		return NULL;
	inquiry->nodes[inquiry->node_count++] = (struct node){ .row = *row, .name = row->key, .depth = depth };
	qsort(inquiry->nodes, inquiry->node_count, sizeof(*inquiry->nodes), compare_nodes);
	return node_find(inquiry, row->id);
}

const char *node_fact(const struct node *node, const char *fact)
{
	for (size_t i = 0; node != NULL && i < node->fact_count; i++) {
		if (strcmp(node->facts[i].fact, fact) == 0)
			return node->facts[i].value;
	}
	return NULL;
}

bool node_is_actor(const struct node *node)
{
	return node->row.kind == ENTITY_USER || node->row.kind == ENTITY_SESSION || node->row.kind == ENTITY_ROLE;
}

bool is_deed(const struct graph_assertion *row)
{
	return row->strength == STRENGTH_PERFORMED || row->strength == STRENGTH_ATTEMPTED;
}

bool is_key_of_task(const struct graph_assertion *row)
{
	return strcmp(row->method, link_methods[LINK_KEY_TASK].method) == 0;
}

bool is_runtime_alert(const struct alert_row *alert)
{
	return alert->actor_id == 0;
}

static bool has_row(const struct inquiry *inquiry, int64_t from, int64_t to, enum link_method method)
{
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];

		if (row->from == from && row->to == to && strcmp(row->method, link_methods[method].method) == 0)
			return true;
	}
	return false;
}

/* Who opened it, or whose session did. */
static bool is_opener(const struct inquiry *inquiry, int64_t opener, int64_t who)
{
	return opener == who || has_row(inquiry, who, opener, LINK_ROLE_ASSUMED);
}

bool alert_is_in_shell_of(const struct inquiry *inquiry, const char *alert_id, int64_t who)
{
	int64_t alert = entity_id(ENTITY_ALERT, alert_id);

	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];

		if (strcmp(row->method, link_methods[LINK_USER_EXEC_SESSION].method) == 0 &&
		    is_opener(inquiry, row->from, who) && has_row(inquiry, alert, row->to, LINK_ALERT_EXEC_SESSION))
			return true;
	}
	return false;
}

#define SHORT_TASK_LENGTH 8

const char *node_text(const struct inquiry *inquiry, int64_t entity)
{
	const struct node *node = node_find(inquiry, entity);
	const char *text;

	if (node == NULL)
		return "something that was left out";
	switch (node->row.kind) {
	case ENTITY_USER:
		return node->name;
	case ENTITY_EVENT:
		if (strcmp(node->name, node->row.key) != 0)
			return node->name;
		text = arena_printf(inquiry->arena, "event %s", node->name);
		break;
	case ENTITY_TASK:
		text = arena_printf(inquiry->arena, "task %.*s", SHORT_TASK_LENGTH, node->name);
		break;
	case ENTITY_EXEC_SESSION:
		text = arena_printf(inquiry->arena, "ECS Exec session %s", node->name);
		break;
	default:
		text = arena_printf(inquiry->arena, "%s %s", entity_kind_name(node->row.kind), node->name);
	}
	return text != NULL ? text : node->name;
}

static const char *tail(const char *key)
{
	const char *slash = strrchr(key, '/');

	return strncmp(key, "arn:", 4) == 0 && slash != NULL ? slash + 1 : key;
}

static int compare_facts(const void *left, const void *right)
{
	const struct fact_row *a = left;
	const struct fact_row *b = right;

	if (a->entity != b->entity)
		return a->entity > b->entity ? 1 : -1;
	return strcmp(a->fact, b->fact);
}

int nodes_name(struct inquiry *inquiry, struct err *err)
{
	int64_t *ids = arena_array(inquiry->arena, int64_t, inquiry->node_count + 1);
	struct fact_row *facts;
	size_t count;

	if (ids == NULL)
		return err_set(err, ERR_MEMORY, "could not name what was found: out of memory");
	for (size_t i = 0; i < inquiry->node_count; i++)
		ids[i] = inquiry->nodes[i].row.id;
	if (query_facts(inquiry->store, inquiry->tenant, ids, inquiry->node_count, inquiry->arena, &facts, &count,
			err) < 0)
		return err_wrap(err, "could not read facts");
	if (count > 0)
		qsort(facts, count, sizeof(*facts), compare_facts);
	for (size_t i = 0; i < inquiry->node_count; i++) {
		struct node *node = &inquiry->nodes[i];
		const char *name;

		node->fact_count = 0;
		for (size_t j = 0; j < count; j++) {
			if (facts[j].entity != node->row.id)
				continue;
			if (node->fact_count++ == 0)
				node->facts = &facts[j];
		}
		name = node_fact(node, node->row.kind == ENTITY_IMAGE ? "reference" : "name");
		node->name = name != NULL ? name : tail(node->row.key);
	}
	return 0;
}

int rows_add(struct inquiry *inquiry, const struct graph_assertion *row, struct err *err)
{
	if (inquiry->row_count == inquiry->row_size) {
		size_t size = inquiry->row_size != 0 ? 2 * inquiry->row_size : 256;
		struct graph_assertion *rows = arena_array(inquiry->arena, struct graph_assertion, size);

		if (rows == NULL)
			return err_set(err, ERR_MEMORY, "could not gather assertions: out of memory");
		if (inquiry->row_count > 0)
			memcpy(rows, inquiry->rows, inquiry->row_count * sizeof(*rows));
		inquiry->rows = rows;
		inquiry->row_size = size;
	}
	inquiry->rows[inquiry->row_count++] = *row;
	return 0;
}

void cut_add(struct inquiry *inquiry, const char *format, ...)
{
	va_list args;
	char *copy;

	va_start(args, format);
	copy = arena_vprintf(inquiry->arena, format, args);
	va_end(args);
	for (size_t i = 0; copy != NULL && i < inquiry->cut_count; i++) {
		if (strcmp(inquiry->cuts[i], copy) == 0)
			return;
	}
	if (copy != NULL && inquiry->cut_count < CUTS_MAX)
		inquiry->cuts[inquiry->cut_count++] = copy;
}

struct alert_row *alert_of_event(const struct inquiry *inquiry, const uint8_t event_id[EVENT_ID_SIZE])
{
	for (size_t i = 0; i < inquiry->alert_count; i++) {
		if (memcmp(inquiry->alerts[i].event_id, event_id, EVENT_ID_SIZE) == 0)
			return &inquiry->alerts[i];
	}
	return NULL;
}

char *event_text(const uint8_t event_id[EVENT_ID_SIZE], struct arena *arena)
{
	char id[2 * EVENT_ID_SIZE + 1];

	hex_format(event_id, EVENT_ID_SIZE, id);
	return arena_printf(arena, "%.8s-%.4s-%.4s-%.4s-%s", id, id + 8, id + 12, id + 16, id + 20);
}
