/*
 * The events behind the answer: of each principal, of each task in question around its alerts, of the alerts, and scans.
 */
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/correlate/inquiry.h"

#define ACTIVITY_SPAN (INT64_C(600) * NS_PER_S) /* of a task, before and after the alert asked for */

static int compare_events(const void *left, const void *right)
{
	const struct event_row *a = left;
	const struct event_row *b = right;

	if (a->event.time_ns != b->event.time_ns)
		return a->event.time_ns > b->event.time_ns ? 1 : -1;
	return memcmp(a->event_id, b->event_id, EVENT_ID_SIZE);
}

static int reserve(struct inquiry *inquiry, size_t more, struct err *err)
{
	size_t size = 2 * (inquiry->event_count + more);
	struct event_row *events;

	if (inquiry->event_count + more <= inquiry->event_size)
		return 0;
	events = arena_array(inquiry->arena, struct event_row, size);
	if (events == NULL)
		return err_set(err, ERR_MEMORY, "could not gather events: out of memory");
	if (inquiry->event_count > 0)
		memcpy(events, inquiry->events, inquiry->event_count * sizeof(*events));
	inquiry->events = events;
	inquiry->event_size = size;
	return 0;
}

static int add_events(struct inquiry *inquiry, const struct event_filter *filter, struct err *err)
{
	struct event_row *found;
	size_t count;
	bool more = false;
	int code;

	if (query_events(inquiry->store, inquiry->tenant, filter, inquiry->arena, &found, &count, &more, err) < 0)
		return err_wrap(err, "could not read events");
	if (more && filter->event_id == NULL)
		cut_add(inquiry, "only the first %d events of one task or user in the window were read", EVENTS_MAX);
	code = reserve(inquiry, count, err);
	if (code < 0 || count == 0)
		return code;
	memcpy(inquiry->events + inquiry->event_count, found, count * sizeof(*found));
	inquiry->event_count += count;
	return 0;
}

static bool has_event(const struct inquiry *inquiry, const uint8_t event_id[EVENT_ID_SIZE])
{
	for (size_t i = 0; i < inquiry->event_count; i++) {
		if (memcmp(inquiry->events[i].event_id, event_id, EVENT_ID_SIZE) == 0)
			return true;
	}
	return false;
}

static int add_event(struct inquiry *inquiry, const uint8_t event_id[EVENT_ID_SIZE], struct err *err)
{
	const struct event_filter filter = { .event_id = event_id, .limit = 1 };

	return has_event(inquiry, event_id) ? 0 : add_events(inquiry, &filter, err);
}

static int add_activity(struct inquiry *inquiry, const struct node *node, struct err *err)
{
	struct event_filter filter = { .since_ns = inquiry->since, .until_ns = inquiry->until, .limit = EVENTS_MAX };

	if (node->is_principal)
		filter.actor_id = node->row.id;
	else if (node->is_alerted ||
		 (node->is_spine && (node->row.kind == ENTITY_TASK || node->row.kind == ENTITY_HOST)))
		filter.task_id = node->row.id;
	else
		return 0;
	if (filter.task_id != 0 && inquiry->subject.form == SUBJECT_ALERT &&
	    is_runtime_alert(&inquiry->subject.alert)) {
		int64_t since = inquiry->subject.at - ACTIVITY_SPAN;
		int64_t until = inquiry->subject.at + ACTIVITY_SPAN;

		filter.since_ns = since > filter.since_ns ? since : filter.since_ns;
		filter.until_ns = until < filter.until_ns ? until : filter.until_ns;
	}
	return add_events(inquiry, &filter, err);
}

static int add_scans(struct inquiry *inquiry, struct err *err)
{
	size_t scans = 0;
	int code = 0;

	/* links are in an order of their own, and their evidence is sorted by time: the newest is last */
	for (size_t i = 0; i < inquiry->row_count && code >= 0; i++) {
		const struct graph_assertion *row = &inquiry->rows[i];
		size_t newer = 0;

		if (strcmp(row->relation, "scanned_as") != 0 || has_event(inquiry, row->event_id))
			continue;
		for (size_t j = 0; j < inquiry->row_count; j++)
			newer += inquiry->rows[j].from == row->from &&
				 strcmp(inquiry->rows[j].relation, "scanned_as") == 0 &&
				 inquiry->rows[j].at > row->at;
		if (newer < SCANS_MAX) {
			scans++;
			code = add_event(inquiry, row->event_id, err);
		}
	}
	return code < 0 ? code : (int)scans;
}

int evidence_gather(struct inquiry *inquiry, struct err *err)
{
	size_t kept = 0;
	int code = 0;

	for (size_t i = 0; i < inquiry->node_count && code >= 0; i++)
		code = add_activity(inquiry, &inquiry->nodes[i], err);
	for (size_t i = 0; i < inquiry->alert_count && code >= 0; i++)
		code = add_event(inquiry, inquiry->alerts[i].event_id, err);
	if (code >= 0 && inquiry->subject.form == SUBJECT_EVENT)
		code = add_event(inquiry, inquiry->subject.event_id, err);
	if (code >= 0)
		code = add_scans(inquiry, err);
	if (code < 0)
		return code;
	if (inquiry->event_count > 0)
		qsort(inquiry->events, inquiry->event_count, sizeof(*inquiry->events), compare_events);
	for (size_t i = 0; i < inquiry->event_count; i++) {
		if (kept == 0 ||
		    memcmp(inquiry->events[kept - 1].event_id, inquiry->events[i].event_id, EVENT_ID_SIZE) != 0)
			inquiry->events[kept++] = inquiry->events[i];
	}
	inquiry->event_count = kept;
	return 0;
}
