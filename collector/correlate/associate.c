/*
 * What is merely near: a user who acted on the cluster in which an alert fired. An association says where to look; it
 * is never a cause.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/correlate/inquiry.h"

#define NEAR_CONFIDENCE_MIN 0.30
#define NEAR_CONFIDENCE_MAX 0.65
#define NEAR_SPAN	    (INT64_C(3) * 3600 * NS_PER_S) /* over this time confidence falls from the one to the other */
#define ATTEMPT_SHARE	    0.5 /* what a refused attempt keeps of the confidence above the least */
#define ASSOCIATED_MAX	    20	/* alerts per user */

static int64_t time_between(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

/* The deed nearest in time that this user did, or else tried, to the alert's cluster or task. */
static const struct graph_assertion *nearest_deed(const struct inquiry *inquiry, const struct node *user,
						  const struct alert_row *alert)
{
	const struct graph_assertion *best = NULL;

	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];
		int64_t apart, best_apart;

		if (row->from != user->row.id || !is_deed(row) || row->to == 0 ||
		    (row->to != alert->cluster_id && row->to != alert->task_id))
			continue;
		apart = time_between(row->at, alert->time_ns);
		best_apart = best != NULL ? time_between(best->at, alert->time_ns) : INT64_MAX;
		if (best == NULL || row->strength < best->strength ||
		    (row->strength == best->strength &&
		     (apart < best_apart ||
		      (apart == best_apart && memcmp(row->event_id, best->event_id, EVENT_ID_SIZE) < 0))))
			best = row;
	}
	return best;
}

static double near_confidence(const struct graph_assertion *deed, int64_t apart)
{
	double share = apart < NEAR_SPAN ? 1 - (double)apart / (double)NEAR_SPAN : 0;
	double above = (NEAR_CONFIDENCE_MAX - NEAR_CONFIDENCE_MIN) * share;

	return NEAR_CONFIDENCE_MIN + (deed->strength == STRENGTH_ATTEMPTED ? above * ATTEMPT_SHARE : above);
}

static int add_near(struct inquiry *inquiry, const struct node *user, const struct alert_row *alert, struct err *err)
{
	const struct link_method_info *method = &link_methods[LINK_SAME_CLUSTER];
	const struct graph_assertion *deed = nearest_deed(inquiry, user, alert);
	char span[TIME_TEXT_MAX];
	struct graph_assertion row, deed_row;
	int64_t apart;
	int code;

	if (deed == NULL)
		return 0;
	deed_row = *deed;
	apart = time_between(deed->at, alert->time_ns);
	row = (struct graph_assertion){
		.from = entity_id(ENTITY_ALERT, alert->id),
		.to = user->row.id,
		.relation = method->relation,
		.method = method->method,
		.strength = STRENGTH_ASSOCIATION,
		.confidence = near_confidence(deed, apart),
		.at = alert->time_ns,
	};
	row.detail = arena_printf(inquiry->arena, "same cluster within %s", duration_format(apart, span));
	if (row.detail == NULL)
		return err_set(err, ERR_MEMORY, "could not write an association: out of memory");
	memcpy(row.event_id, alert->event_id, EVENT_ID_SIZE);
	/* both ends of the nearness are its evidence */
	code = rows_add(inquiry, &row, err);
	if (code < 0)
		return code;
	row.at = deed_row.at;
	memcpy(row.event_id, deed_row.event_id, EVENT_ID_SIZE);
	return rows_add(inquiry, &row, err);
}

static bool is_asked(const struct inquiry *inquiry, const struct alert_row *alert)
{
	if (!is_runtime_alert(alert))
		return false;
	return inquiry->subject.form != SUBJECT_ALERT || !is_runtime_alert(&inquiry->subject.alert) ||
	       strcmp(alert->id, inquiry->subject.alert.id) == 0;
}

/* The session's name is the task's id: the task itself made these calls. */
static int add_task_session(struct inquiry *inquiry, const struct node *session, struct err *err)
{
	const struct link_method_info *method = &link_methods[LINK_TASK_ROLE_SESSION];
	const char *colon = strchr(session->row.key, ':');
	size_t row_count = inquiry->row_count;
	int code = 0;

	if (session->row.kind != ENTITY_SESSION || colon == NULL)
		return 0;
	for (size_t i = 0; i < inquiry->node_count; i++) {
		const struct node *task = &inquiry->nodes[i];
		const char *slash = strrchr(task->row.key, '/');

		if (task->row.kind != ENTITY_TASK || slash == NULL || strcmp(slash + 1, colon + 1) != 0)
			continue;
		for (size_t j = 0; j < row_count && code >= 0; j++) {
			struct graph_assertion row = inquiry->rows[j];

			if (row.from != session->row.id && row.to != session->row.id)
				continue;
			row.from = task->row.id;
			row.to = session->row.id;
			row.relation = method->relation;
			row.method = method->method;
			row.detail = "role session name is the task's id";
			row.strength = method->strength;
			row.confidence = method->confidence;
			code = rows_add(inquiry, &row, err);
		}
	}
	return code;
}

/* The session acted with a key that the task had: so it was the task, or somebody who has the key from it. */
static int add_key_session(struct inquiry *inquiry, const struct node *session, struct err *err)
{
	const struct link_method_info *method = &link_methods[LINK_TASK_KEY_SESSION];
	size_t row_count = inquiry->row_count;
	int code = 0;

	for (size_t i = 0; i < row_count && session->row.kind == ENTITY_SESSION; i++) {
		const struct graph_assertion used = inquiry->rows[i];

		if (used.to != session->row.id || strcmp(used.method, link_methods[LINK_SESSION_KEY].method) != 0)
			continue;
		for (size_t j = 0; j < row_count && code >= 0; j++) {
			struct graph_assertion row = inquiry->rows[j];
			const struct node *key = node_find(inquiry, row.from);

			if (row.from != used.from || !is_key_of_task(&row) || key == NULL)
				continue;
			row.from = row.to;
			row.to = session->row.id;
			row.relation = method->relation;
			row.method = method->method;
			row.detail = arena_printf(inquiry->arena, "with access key %s of the task", key->row.key);
			row.strength = method->strength;
			row.confidence = method->confidence;
			/* what the agent said, and what the record says */
			code = row.detail != NULL
				       ? rows_add(inquiry, &row, err)
				       : err_set(err, ERR_MEMORY, "could not tie a session: out of memory");
			row.at = used.at;
			memcpy(row.event_id, used.event_id, EVENT_ID_SIZE);
			code = code < 0 ? code : rows_add(inquiry, &row, err);
		}
	}
	return code;
}

int associations_add(struct inquiry *inquiry, struct err *err)
{
	for (size_t i = 0; i < inquiry->node_count; i++) {
		const struct node *node = &inquiry->nodes[i];
		size_t associated = 0;
		int code = add_task_session(inquiry, node, err);

		if (code >= 0)
			code = add_key_session(inquiry, node, err);

		/* the newest first, as the oldest are the least telling when there are many */
		for (size_t j = inquiry->alert_count; j > 0 && node->is_principal && code >= 0; j--) {
			const struct alert_row *alert = &inquiry->alerts[j - 1];

			/* in whose shell it fired is known: nearness would say less */
			if (!is_asked(inquiry, alert) || alert_is_in_shell_of(inquiry, alert->id, node->row.id))
				continue;
			if (associated++ < ASSOCIATED_MAX)
				code = add_near(inquiry, node, alert, err);
			else
				cut_add(inquiry, "more than %d alerts are near one user: the rest is left out",
					ASSOCIATED_MAX);
		}
		if (code < 0)
			return code;
	}
	return 0;
}
