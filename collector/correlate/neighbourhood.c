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
		if (from->row.kind == ENTITY_TASK || from->row.kind == ENTITY_CONTAINER)
			to->is_target = true;
		if (from->row.kind == ENTITY_ACCESS_KEY)
			to->is_principal = true;
	}
}

static bool is_deed(const struct graph_assertion *row)
{
	return row->strength == STRENGTH_PERFORMED || row->strength == STRENGTH_ATTEMPTED;
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

static int compare_alerts(const void *left, const void *right)
{
	const struct alert_row *a = left;
	const struct alert_row *b = right;

	if (a->time_ns != b->time_ns)
		return a->time_ns > b->time_ns ? 1 : -1;
	return strcmp(a->id, b->id);
}

static int add_alerts(struct inquiry *inquiry, const struct alert_filter *filter, struct err *err)
{
	struct alert_row *found;
	size_t count;
	bool more = false;

	if (query_alerts(inquiry->store, inquiry->tenant, filter, inquiry->arena, &found, &count, &more, err) < 0)
		return err_wrap(err, "could not read alerts");
	if (more)
		cut_add(inquiry, "only the newest %d alerts of one task, cluster or user are shown", ALERTS_MAX);
	for (size_t i = 0; i < count; i++) {
		bool known = false;

		for (size_t j = 0; j < inquiry->alert_count; j++)
			known |= strcmp(inquiry->alerts[j].id, found[i].id) == 0;
		if (!known && inquiry->alert_count < ALERTS_SHOWN_MAX)
			inquiry->alerts[inquiry->alert_count++] = found[i];
		else if (!known)
			cut_add(inquiry, "more than %d alerts belong here: the rest is left out", ALERTS_SHOWN_MAX);
	}
	return 0;
}

static bool is_acted_on(const struct inquiry *inquiry, int64_t entity)
{
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct node *from = node_find(inquiry, inquiry->rows[i].from);

		if (inquiry->rows[i].to == entity && is_deed(&inquiry->rows[i]) && from != NULL && from->is_principal)
			return true;
	}
	return false;
}

/* What workloads are made of leads to every task it is part of. */
static bool asks_for_tasks(const struct inquiry *inquiry)
{
	switch (inquiry->subject.form == SUBJECT_ENTITY ? inquiry->subject.entity.kind : ENTITY_ALERT) {
	case ENTITY_IMAGE:
	case ENTITY_CONTAINER:
	case ENTITY_SERVICE:
	case ENTITY_TASK_DEFINITION:
		return true;
	default:
		return false;
	}
}

/* From an alert or a task the way does not lead on to other clusters of the same user; from a user it does. */
static bool asks_alerts(const struct inquiry *inquiry, const struct node *node, struct alert_filter *filter)
{
	bool is_workload = inquiry->subject.form == SUBJECT_ALERT || inquiry->subject.entity.kind == ENTITY_TASK;

	if (node->is_principal)
		filter->actor_id = node->row.id;
	else if (node->row.kind == ENTITY_TASK || node->row.kind == ENTITY_HOST)
		filter->task_id = node->is_spine || asks_for_tasks(inquiry) ? node->row.id : 0;
	else if (node->row.kind == ENTITY_ALERT && node->depth == 1)
		filter->id_prefix = node->row.key;
	else if (node->row.kind == ENTITY_CLUSTER && node->is_spine)
		filter->cluster_id = node->row.id;
	else if (node->row.kind == ENTITY_CLUSTER && !is_workload && is_acted_on(inquiry, node->row.id))
		filter->cluster_id = node->row.id;
	return filter->actor_id != 0 || filter->task_id != 0 || filter->cluster_id != 0 || filter->id_prefix != NULL;
}

static int gather_alerts(struct inquiry *inquiry, struct err *err)
{
	int code;

	inquiry->alerts = arena_array(inquiry->arena, struct alert_row, ALERTS_SHOWN_MAX);
	if (inquiry->alerts == NULL)
		return err_set(err, ERR_MEMORY, "could not gather alerts: out of memory");
	if (inquiry->subject.form == SUBJECT_ALERT)
		inquiry->alerts[inquiry->alert_count++] = inquiry->subject.alert;
	for (size_t i = 0; i < inquiry->node_count; i++) {
		struct alert_filter filter = { .since_ns = inquiry->since,
					       .until_ns = inquiry->until,
					       .priority_max = PRIORITY_DEBUG,
					       .limit = ALERTS_MAX };

		if (!asks_alerts(inquiry, &inquiry->nodes[i], &filter))
			continue;
		code = add_alerts(inquiry, &filter, err);
		if (code < 0)
			return code;
	}
	qsort(inquiry->alerts, inquiry->alert_count, sizeof(*inquiry->alerts), compare_alerts);
	return 0;
}

static int add_alert_nodes(struct inquiry *inquiry, struct err *err)
{
	int64_t *ids = arena_array(inquiry->arena, int64_t, 3 * ALERTS_SHOWN_MAX);
	size_t count = 0, alerted = 0;
	int code;

	if (ids == NULL)
		return err_set(err, ERR_MEMORY, "could not follow alerts: out of memory");
	for (size_t i = 0; i < inquiry->alert_count; i++) {
		ids[count++] = entity_id(ENTITY_ALERT, inquiry->alerts[i].id);
		ids[count++] = inquiry->alerts[i].task_id;
		ids[count++] = inquiry->alerts[i].container_id;
	}
	code = expand_to(inquiry, ids, count, DEPTH_MAX, err);
	if (code < 0)
		return code;
	for (size_t i = 0; i < inquiry->alert_count; i++) {
		struct node *node = node_find(inquiry, inquiry->alerts[i].task_id);

		if (node == NULL || node->is_alerted || !is_runtime_alert(&inquiry->alerts[i]))
			continue;
		if (alerted++ < ALERTED_TASKS_MAX)
			node->is_alerted = true;
		else
			cut_add(inquiry, "more than %d tasks have alerts here: only the first are looked into",
				ALERTED_TASKS_MAX);
	}
	return 0;
}

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

static void prune(struct inquiry *inquiry)
{
	size_t tasks = 0;

	for (size_t i = 0; i < inquiry->node_count; i++) {
		struct node *node = &inquiry->nodes[i];

		if (node->row.kind == ENTITY_ALERT)
			node->is_kept = has_alert(inquiry, node->row.key);
		else if (node->row.kind == ENTITY_TASK)
			node->is_kept = node->is_alerted || is_named(inquiry, node);
		else if (node->row.kind == ENTITY_FILE || node->row.kind == ENTITY_PROCESS)
			node->is_kept = is_named(inquiry, node);
		else
			node->is_kept = true;
		node->is_kept |= node->is_spine;
		tasks += node->row.kind == ENTITY_TASK && !node->is_kept;
	}
	if (tasks > 0)
		cut_add(inquiry, "%zu other tasks, without alerts, are left out", tasks);
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
	int code = gather_alerts(inquiry, err);

	if (code >= 0)
		code = add_alert_nodes(inquiry, err);
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
		code = add_scans(inquiry, err);
	if (code < 0)
		return code;
	prune(inquiry);
	return nodes_name(inquiry, err);
}
