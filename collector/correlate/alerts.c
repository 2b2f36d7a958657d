/*
 * Which alerts belong to an answer: those of its spine, of the principals, and, from a user, of the clusters they acted on.
 */
#include <stdlib.h>
#include <string.h>

#include "collector/correlate/expand.h"

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

int alerts_gather(struct inquiry *inquiry, struct err *err)
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

int alerts_follow(struct inquiry *inquiry, struct err *err)
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
