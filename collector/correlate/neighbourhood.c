/*
 * What belongs to an answer: the spine (what was asked for), what it is made of, who acted on it, what they did
 * anywhere else, and the alerts of all these.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/correlate/expand.h"

#define PRINCIPAL_ROUNDS 2 /* a person behind a session behind a session */

/*
 * Accounts, addresses, services, roles and images stand for too many at once: shown, never passed through. People are
 * followed where they acted on what was asked for (find_principals), not wherever they turn up.
 */
static bool passes_through(const struct node *node)
{
	switch (node->row.kind) {
	case ENTITY_CONTAINER:
	case ENTITY_EXEC_SESSION:
		return true;
	case ENTITY_SERVICE:
	case ENTITY_TASK_DEFINITION:
		return node->depth <= 1 && node->is_target;
	case ENTITY_CLUSTER:
	case ENTITY_TRAIL:
		return node->depth <= 1;
	default:
		return false;
	}
}

static int expand_where(struct inquiry *inquiry, bool (*wanted)(const struct node *), unsigned depth, struct err *err)
{
	int64_t *ids = arena_array(inquiry->arena, int64_t, NODES_MAX);
	struct expansion expansion = { .ids = ids, .depth = depth };

	if (ids == NULL)
		return err_set(err, ERR_MEMORY, "could not walk the neighbourhood: out of memory");
	for (size_t i = 0; i < inquiry->node_count; i++) {
		if (!inquiry->nodes[i].is_expanded && wanted(&inquiry->nodes[i]))
			ids[expansion.count++] = inquiry->nodes[i].row.id;
	}
	return expand(inquiry, &expansion, err);
}

static void mark_spine(struct node *node)
{
	if (node != NULL)
		node->is_spine = node->is_target = true;
}

static int add_spine(struct inquiry *inquiry, struct err *err)
{
	const struct subject *subject = &inquiry->subject;
	const int64_t ids[] = { subject->alert.task_id, subject->alert.cluster_id, subject->alert.container_id,
				subject->alert.actor_id };
	int code;

	mark_spine(node_add(inquiry, &subject->entity, 0));
	if (subject->form != SUBJECT_ALERT)
		return 0;
	code = expand_to(inquiry, ids, ARRAY_SIZE(ids), 0, err);
	if (code < 0)
		return code;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		mark_spine(node_find(inquiry, ids[i]));
	return 0;
}

/* A task's cluster belongs to the task's own story. */
static void extend_spine(struct inquiry *inquiry)
{
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];
		struct node *from = node_find(inquiry, row->from);
		struct node *to = node_find(inquiry, row->to);

		if (from == NULL || to == NULL || !from->is_spine || row->strength != STRENGTH_IDENTITY)
			continue;
		if (from->row.kind == ENTITY_TASK && to->row.kind == ENTITY_CLUSTER)
			mark_spine(to);
		/* who opened the shell in which it happened belongs to the story before anybody else */
		if (from->row.kind == ENTITY_ALERT && to->row.kind == ENTITY_EXEC_SESSION)
			mark_spine(to);
		if (from->row.kind == ENTITY_TASK || from->row.kind == ENTITY_CONTAINER)
			to->is_target = true;
		if (from->row.kind == ENTITY_ACCESS_KEY && to->row.kind == ENTITY_TASK)
			mark_spine(to);
		else if (from->row.kind == ENTITY_ACCESS_KEY)
			to->is_principal = true;
	}
}

static void add_principal(struct inquiry *inquiry, struct node *node)
{
	size_t count = 0;

	for (size_t i = 0; i < inquiry->node_count; i++)
		count += inquiry->nodes[i].is_principal;
	if (node->is_principal || !node_is_actor(node))
		return;
	if (count < PRINCIPALS_MAX)
		node->is_principal = true;
	else
		cut_add(inquiry, "more than %d users and sessions acted here: only the first are followed",
			PRINCIPALS_MAX);
}

/* Whoever did or tried something on a target; behind an assumed session, whoever assumed it, and the other way round. */
static void find_principals(struct inquiry *inquiry)
{
	enum entity_kind asked = inquiry->subject.entity.kind;
	bool by_any_tie = asked == ENTITY_IP || asked == ENTITY_ACCOUNT || asked == ENTITY_ROLE;

	for (size_t i = 0; i < inquiry->node_count; i++) {
		if (inquiry->nodes[i].is_spine)
			add_principal(inquiry, &inquiry->nodes[i]);
	}
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];
		struct node *from = node_find(inquiry, row->from);
		struct node *to = node_find(inquiry, row->to);

		if (from == NULL || to == NULL)
			continue;
		if (is_deed(row) && to->is_target)
			add_principal(inquiry, from);
		if (by_any_tie && to->is_spine)
			add_principal(inquiry, from);
		if (row->strength == STRENGTH_PERFORMED && strcmp(row->relation, "assumed") == 0) {
			if (to->is_principal)
				add_principal(inquiry, from);
			if (from->is_principal)
				add_principal(inquiry, to);
		}
	}
}

static bool is_principal(const struct node *node)
{
	return node->is_principal;
}

static bool is_alerted_part(const struct node *node)
{
	return node->is_alerted || node->row.kind == ENTITY_CONTAINER;
}

static bool is_spine(const struct node *node)
{
	return node->is_spine;
}

static bool is_shown_alert(const struct node *node)
{
	return node->row.kind == ENTITY_ALERT;
}

/* A task role's session carries the task's id as its name: AWS gives it, so it is the same thing and not a look-alike. */
static int add_task_sessions(struct inquiry *inquiry, struct err *err)
{
	size_t node_count = inquiry->node_count;
	int64_t *tasks = arena_array(inquiry->arena, int64_t, node_count + 1);
	size_t task_count = 0;

	if (tasks == NULL)
		return err_set(err, ERR_MEMORY, "could not look for sessions: out of memory");
	for (size_t i = 0; i < node_count; i++) {
		const struct node *node = &inquiry->nodes[i];

		if (node->row.kind == ENTITY_TASK && (node->is_spine || node->is_alerted))
			tasks[task_count++] = node->row.id;
	}
	for (size_t i = 0; i < task_count; i++) {
		const struct node *task = node_find(inquiry, tasks[i]);
		const char *slash = strrchr(task->row.key, '/');
		struct entity_row *sessions;
		size_t count;

		if (slash == NULL)
			continue;
		if (query_entities_named(inquiry->store, inquiry->tenant, ENTITY_SESSION, slash + 1, false,
					 PRINCIPALS_MAX, inquiry->arena, &sessions, &count, err) < 0)
			return err_wrap(err, "could not look for the task's sessions");
		for (size_t j = 0; j < count; j++) {
			struct node *node = node_add(inquiry, &sessions[j], 1);

			if (node != NULL && strncmp(sessions[j].key, "AROA", 4) == 0)
				add_principal(inquiry, node);
		}
	}
	return expand_where(inquiry, is_principal, 2, err);
}

/* Whoever called with the keys of a task, under whatever name: it was the task, or somebody who has them from it. */
static int add_key_sessions(struct inquiry *inquiry, struct err *err)
{
	struct expansion expansion = { .depth = 2 };
	int64_t *keys = arena_array(inquiry->arena, int64_t, inquiry->row_count + 1);
	int code;

	if (keys == NULL)
		return err_set(err, ERR_MEMORY, "could not look for the task's keys: out of memory");
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];
		const struct node *task = node_find(inquiry, row->to);

		if (task != NULL && (task->is_spine || task->is_alerted) && is_key_of_task(row))
			keys[expansion.count++] = row->from;
	}
	expansion.ids = keys;
	code = expand(inquiry, &expansion, err);
	for (size_t i = 0; i < inquiry->row_count && code >= 0; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];

		for (size_t j = 0; j < expansion.count; j++) {
			struct node *session = row->from == keys[j] ? node_find(inquiry, row->to) : NULL;

			if (session != NULL && session->row.kind == ENTITY_SESSION)
				add_principal(inquiry, session);
		}
	}
	return code >= 0 ? expand_where(inquiry, is_principal, 2, err) : code;
}

static int add_scans(struct inquiry *inquiry, struct err *err)
{
	int64_t *ids = arena_array(inquiry->arena, int64_t, NODES_MAX);
	struct expansion expansion = {
		.ids = ids, .depth = DEPTH_MAX, .relation = "scanned_as", .is_unbounded = true
	};

	if (ids == NULL)
		return err_set(err, ERR_MEMORY, "could not look for scans: out of memory");
	for (size_t i = 0; i < inquiry->node_count; i++) {
		if (inquiry->nodes[i].row.kind == ENTITY_IMAGE)
			ids[expansion.count++] = inquiry->nodes[i].row.id;
	}
	return expand(inquiry, &expansion, err);
}

static int walk_outwards(struct inquiry *inquiry, struct err *err)
{
	int code = add_spine(inquiry, err);

	/* twice: the cluster that a task named is spine only after the first step */
	for (int step = 0; step < 2 && code >= 0; step++) {
		code = expand_where(inquiry, is_spine, 1, err);
		extend_spine(inquiry);
	}
	for (unsigned depth = 2; depth <= DEPTH_MAX && code >= 0; depth++) {
		code = expand_where(inquiry, passes_through, depth, err);
		extend_spine(inquiry);
	}
	for (int round = 0; round < PRINCIPAL_ROUNDS && code >= 0; round++) {
		find_principals(inquiry);
		code = expand_where(inquiry, is_principal, DEPTH_MAX, err);
	}
	return code;
}

static int follow_alerts(struct inquiry *inquiry, struct err *err)
{
	int code = alerts_gather(inquiry, err);

	if (code >= 0)
		code = alerts_follow(inquiry, err);
	/* twice: tasks, then their containers */
	for (int step = 0; step < 2 && code >= 0; step++)
		code = expand_where(inquiry, is_alerted_part, DEPTH_MAX, err);
	return code >= 0 ? expand_where(inquiry, is_shown_alert, DEPTH_MAX, err) : code;
}

int neighbourhood_gather(struct inquiry *inquiry, struct err *err)
{
	int code;

	inquiry->nodes = arena_array(inquiry->arena, struct node, NODES_MAX);
	if (inquiry->nodes == NULL)
		return err_set(err, ERR_MEMORY, "could not gather the neighbourhood: out of memory");
	code = walk_outwards(inquiry, err);
	if (code >= 0)
		code = follow_alerts(inquiry, err);
	if (code >= 0)
		code = add_task_sessions(inquiry, err);
	if (code >= 0)
		code = add_key_sessions(inquiry, err);
	if (code >= 0)
		code = add_scans(inquiry, err);
	if (code < 0)
		return code;
	neighbourhood_prune(inquiry);
	return nodes_name(inquiry, err);
}
