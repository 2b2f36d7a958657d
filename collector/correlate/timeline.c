#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/correlate/sentence.h"

struct entry {
	int64_t time, until;	       /* equal where the source knows the point in time */
	const struct event_row *event; /* NULL for gaps */
	const char *source, *lane, *kind, *text;
	int64_t entity;
	enum strength relation;
	const char *gap_until;
	bool is_uncertain;
};

struct timeline {
	struct entry *entries;
	size_t count, size;
};

static const struct graph_reach *reach_find(const struct inquiry *inquiry, int64_t entity)
{
	for (size_t i = 0; i < inquiry->reach_count; i++) {
		if (inquiry->reach[i].entity == entity)
			return &inquiry->reach[i];
	}
	return NULL;
}

static enum strength weaker(enum strength a, enum strength b)
{
	return a > b ? a : b;
}

/*
 * How an event is tied to what was asked for: as the entity it happened to is, or weaker where the call was refused. Another
 * task is reached over the cluster both run in: that is being near, whatever the links say.
 */
static enum strength tie(const struct inquiry *inquiry, int64_t entity, enum strength own)
{
	const struct node *node = node_find(inquiry, entity);
	const struct graph_reach *reach = reach_find(inquiry, entity);
	enum entity_kind asked = inquiry->subject.entity.kind;

	if (node != NULL && node->row.kind == ENTITY_TASK && !node->is_spine && asked != ENTITY_CLUSTER)
		return STRENGTH_ASSOCIATION;
	if (reach == NULL)
		return node != NULL && node->is_spine ? own : STRENGTH_ASSOCIATION;
	return weaker(own, reach->strength != 0 ? reach->strength : STRENGTH_IDENTITY);
}

static const char *cloud_lane(const struct inquiry *inquiry, const struct cloud_facts *facts)
{
	const struct node *target = facts->deed != NULL ? node_find(inquiry, facts->deed->to) : NULL;

	if (target == NULL)
		return "user";
	if (target->row.kind == ENTITY_TRAIL)
		return "trail";
	return target->row.kind == ENTITY_CLUSTER || target->row.kind == ENTITY_SERVICE ? "cluster" : "user";
}

static bool add_cloud(struct inquiry *inquiry, const struct event_row *row, struct entry *ret)
{
	struct cloud_facts facts;
	enum strength own = STRENGTH_IDENTITY;

	cloud_facts_read(inquiry, row, &facts);
	if (facts.is_read && row->event.alert_count == 0) {
		inquiry->unshown_reads++;
		return false;
	}
	if (facts.deed != NULL)
		own = facts.deed->strength;
	ret->source = "cloudtrail";
	ret->kind = "cloud";
	ret->lane = cloud_lane(inquiry, &facts);
	ret->text = cloud_sentence(inquiry, row, &facts);
	ret->entity = row->actor_id;
	ret->relation = tie(inquiry, row->actor_id, own);
	return true;
}

static bool is_path(const char *path, const struct file_change *file)
{
	return path != NULL &&
	       (strcmp(path, file->path) == 0 || (file->target != NULL && strcmp(path, file->target) == 0));
}

/* The content of a file that an alert was about, and that has changed since: what the alert led to. */
static bool is_outcome_of_alert(const struct inquiry *inquiry, const struct event_row *row)
{
	const struct file_change *file = row->event.file;

	if (row->event.kind != EVENT_FILE || file == NULL || file->op != FILE_OP_WRITE)
		return false;
	for (size_t i = 0; i < inquiry->event_count; i++) {
		const struct event_row *other = &inquiry->events[i];

		if (other->event.alert_count > 0 && other->event.file != NULL && other->task_id == row->task_id &&
		    is_path(file->path, other->event.file))
			return true;
	}
	return false;
}

/* Of a task's activity only what has an alert or came of one, or everything where the task itself was asked for. */
static bool add_activity(struct inquiry *inquiry, const struct event_row *row, struct entry *ret)
{
	enum entity_kind asked = inquiry->subject.entity.kind;
	bool all = inquiry->subject.form == SUBJECT_ENTITY && (asked == ENTITY_TASK || asked == ENTITY_HOST);

	if (row->event.kind == EVENT_HEARTBEAT || row->event.kind == EVENT_FORK)
		return false;
	if (!all && row->event.alert_count == 0 && !is_outcome_of_alert(inquiry, row)) {
		inquiry->unshown_activity++;
		return false;
	}
	ret->source = "agent";
	ret->lane = "workload";
	ret->kind = event_kind_name(row->event.kind);
	ret->text = activity_sentence(inquiry, row, true);
	ret->entity = row->task_id;
	ret->relation = tie(inquiry, row->task_id, STRENGTH_IDENTITY);
	return true;
}

static bool add_scan(struct inquiry *inquiry, const struct event_row *row, struct entry *ret)
{
	ret->source = "scan";
	ret->lane = "image";
	ret->kind = "scan";
	ret->text = scan_sentence(inquiry, row);
	ret->relation = STRENGTH_ASSOCIATION;
	for (size_t i = 0; i < inquiry->row_count; i++) {
		const struct graph_assertion *found = &inquiry->rows[i];

		if (strcmp(found->relation, "scanned_as") != 0 ||
		    memcmp(found->event_id, row->event_id, EVENT_ID_SIZE) != 0)
			continue;
		if (tie(inquiry, found->from, STRENGTH_IDENTITY) <= ret->relation) {
			ret->relation = tie(inquiry, found->from, STRENGTH_IDENTITY);
			ret->entity = strcmp(found->method, link_methods[LINK_IMAGE_SCANNED].method) == 0 ||
						      ret->entity == 0
					      ? found->from
					      : ret->entity;
		}
	}
	return true;
}

static void add_event(struct inquiry *inquiry, const struct event_row *row, struct timeline *timeline)
{
	struct entry entry = { .time = row->event.time_ns,
			       .until = row->event.time_ns + row->event.resolution_ns,
			       .event = row };
	bool wanted;

	if (row->event.kind == EVENT_CLOUD)
		wanted = add_cloud(inquiry, row, &entry);
	else if (row->event.kind == EVENT_SCAN)
		wanted = add_scan(inquiry, row, &entry);
	else
		wanted = add_activity(inquiry, row, &entry);
	if (wanted)
		timeline->entries[timeline->count++] = entry;
}

static void add_gap(struct inquiry *inquiry, const json_t *gap, struct timeline *timeline)
{
	struct entry entry = { .source = "cloudtrail", .lane = "trail", .kind = "gap" };

	if (time_parse(json_text(gap, "from"), &entry.time, NULL) < 0)
		return;
	entry.until = entry.time;
	entry.gap_until = json_text(gap, "until");
	entry.text = arena_printf(inquiry->arena, "nothing is heard since: %s", json_text(gap, "reason"));
	if (json_object_get(gap, "lost") != NULL)
		entry.text = json_text(gap, "reason");
	if (strncmp(json_text(gap, "source"), "agent ", 6) == 0) {
		entry.source = "agent";
		entry.lane = "workload";
	}
	entry.relation = STRENGTH_IDENTITY;
	timeline->entries[timeline->count++] = entry;
}

static int compare_entries(const void *left, const void *right)
{
	const struct entry *a = left;
	const struct entry *b = right;

	if (a->time != b->time)
		return a->time > b->time ? 1 : -1;
	if (a->event == NULL || b->event == NULL) {
		if (a->event != b->event)
			return a->event == NULL ? 1 : -1;
		return strcmp(a->text != NULL ? a->text : "", b->text != NULL ? b->text : "");
	}
	return memcmp(a->event->event_id, b->event->event_id, EVENT_ID_SIZE);
}

/* A source that knows seconds only cannot say what came first within one. */
static void mark_uncertain(struct timeline *timeline)
{
	for (size_t i = 0; i < timeline->count; i++) {
		struct entry *a = &timeline->entries[i];

		for (size_t j = i + 1; j < timeline->count && timeline->entries[j].time < a->until; j++) {
			struct entry *b = &timeline->entries[j];

			if (a->event != NULL && b->event != NULL && strcmp(a->source, b->source) != 0)
				a->is_uncertain = b->is_uncertain = true;
		}
		/* what stands at the same instant as something coarser may come before it as well */
		for (size_t j = i + 1; j < timeline->count && timeline->entries[j].time == a->time; j++) {
			struct entry *b = &timeline->entries[j];

			if (a->event != NULL && b->event != NULL && strcmp(a->source, b->source) != 0 &&
			    b->until > b->time)
				a->is_uncertain = b->is_uncertain = true;
		}
	}
}

/* The least telling go first: activity without an alert, from the end. */
static void shorten(struct inquiry *inquiry, struct timeline *timeline)
{
	size_t excess = timeline->count > TIMELINE_MAX ? timeline->count - TIMELINE_MAX : 0;
	size_t left_out = 0, kept = 0;

	for (size_t i = timeline->count; i > 0 && left_out < excess; i--) {
		struct entry *entry = &timeline->entries[i - 1];

		if (entry->event != NULL && entry->event->event.alert_count == 0) {
			entry->text = NULL;
			left_out++;
		}
	}
	for (size_t i = 0; i < timeline->count; i++) {
		if (timeline->entries[i].text != NULL && kept < TIMELINE_MAX)
			timeline->entries[kept++] = timeline->entries[i];
	}
	if (timeline->count > kept)
		cut_add(inquiry, "%zu entries of the timeline were left out: it holds %d", timeline->count - kept,
			TIMELINE_MAX);
	timeline->count = kept;
}

static void add_alerts(const struct inquiry *inquiry, const struct entry *entry, json_t *json)
{
	json_t *alerts = json_array();
	int priority = -1;

	for (size_t i = 0; entry->event != NULL && i < inquiry->alert_count; i++) {
		const struct alert_row *alert = &inquiry->alerts[i];

		if (memcmp(alert->event_id, entry->event->event_id, EVENT_ID_SIZE) != 0)
			continue;
		json_array_append_new(alerts, json_string(alert->id));
		if (priority < 0 || (int)alert->priority < priority)
			priority = (int)alert->priority;
	}
	json_object_set_new(json, "alerts", alerts);
	json_object_set_new(json, "priority",
			    priority >= 0 ? json_string(priority_name((enum priority)priority)) : json_null());
}

static json_t *entry_json(const struct inquiry *inquiry, const struct entry *entry)
{
	json_t *json = json_object();
	char text[TIME_TEXT_MAX];

	json_set_text(json, "time", time_format_exact(entry->time, text));
	if (entry->until > entry->time)
		json_set_text(json, "until", time_format_exact(entry->until, text));
	if (entry->gap_until != NULL)
		json_set_text(json, "until", entry->gap_until);
	json_set_text(json, "source", entry->source);
	json_set_text(json, "lane", entry->lane);
	json_set_text(json, "kind", entry->kind);
	json_set_text(json, "text", entry->text);
	snprintf(text, sizeof(text), "%lld", (long long)entry->entity);
	json_object_set_new(json, "entity", entry->entity != 0 ? json_string(text) : json_null());
	json_object_set_new(json, "event",
			    entry->event != NULL ? json_string(event_text(entry->event->event_id, inquiry->arena))
						 : json_null());
	add_alerts(inquiry, entry, json);
	json_set_text(json, "relation", strength_name(entry->relation));
	if (entry->is_uncertain)
		json_object_set_new(json, "order_uncertain", json_true());
	return json;
}

json_t *timeline_write(struct inquiry *inquiry, const json_t *gaps)
{
	size_t size = inquiry->event_count + json_array_size(gaps) + 1;
	struct timeline timeline = { .entries = arena_array(inquiry->arena, struct entry, size) };
	json_t *json = json_array();

	for (size_t i = 0; timeline.entries != NULL && i < inquiry->event_count; i++)
		add_event(inquiry, &inquiry->events[i], &timeline);
	for (size_t i = 0; timeline.entries != NULL && i < json_array_size(gaps); i++)
		add_gap(inquiry, json_array_get(gaps, i), &timeline);
	if (timeline.count > 0)
		qsort(timeline.entries, timeline.count, sizeof(*timeline.entries), compare_entries);
	mark_uncertain(&timeline);
	shorten(inquiry, &timeline);
	for (size_t i = 0; i < timeline.count; i++)
		json_array_append_new(json, entry_json(inquiry, &timeline.entries[i]));
	return json;
}

json_t *summary_write(const json_t *timeline)
{
	json_t *summary = json_array();

	for (size_t i = 0; i < json_array_size(timeline); i++) {
		const json_t *entry = json_array_get(timeline, i);
		json_t *line;

		if (json_array_size(json_object_get(entry, "alerts")) == 0)
			continue;
		line = json_object();
		json_object_set(line, "time", json_object_get(entry, "time"));
		json_object_set(line, "text", json_object_get(entry, "text"));
		json_object_set(line, "priority", json_object_get(entry, "priority"));
		json_object_set(line, "event", json_object_get(entry, "event"));
		json_array_append_new(summary, line);
	}
	return summary;
}
