#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "collector/correlate/inquiry.h"
#include "json/json.h"

static const struct event_row *event_of(const struct inquiry *inquiry, const uint8_t event_id[EVENT_ID_SIZE])
{
	for (size_t i = 0; i < inquiry->event_count; i++) {
		if (memcmp(inquiry->events[i].event_id, event_id, EVENT_ID_SIZE) == 0)
			return &inquiry->events[i];
	}
	return NULL;
}

static void set_or_null(json_t *json, const char *name, const char *text)
{
	if (text == NULL || json_set_text(json, name, text) < 0)
		json_object_set_new(json, name, json_null());
}

static void set_parsed(json_t *json, const char *name, const char *text, json_t *otherwise)
{
	json_t *parsed = text != NULL ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	if (parsed != NULL)
		json_decref(otherwise);
	json_object_set_new(json, name, parsed != NULL ? parsed : otherwise);
}

static json_t *container_json(const struct event_row *row)
{
	const char *id = row != NULL && row->event.process != NULL ? row->event.process->container : NULL;
	json_t *json;

	for (size_t i = 0; id != NULL && i < row->origin.container_count; i++) {
		const struct container *container = &row->origin.containers[i];

		if (container->id == NULL || strcmp(container->id, id) != 0)
			continue;
		json = json_object();
		set_or_null(json, "id", container->id);
		set_or_null(json, "name", container->name);
		set_or_null(json, "image", container->image);
		set_or_null(json, "image_id", container->image_id);
		return json;
	}
	if (id == NULL)
		return json_null();
	json = json_object();
	set_or_null(json, "id", id);
	return json;
}

static const char *key_of(const struct inquiry *inquiry, int64_t entity, enum entity_kind kind)
{
	const struct node *node = node_find(inquiry, entity);

	return node != NULL && node->row.kind == kind ? node->row.key : NULL;
}

/* Of where it happened: the cloud record's own account and region, else the task's. */
static void add_place(const struct inquiry *inquiry, const struct alert_row *alert, const struct event_row *row,
		      json_t *json)
{
	const struct node *node = node_find(inquiry, alert->task_id != 0 ? alert->task_id : alert->cluster_id);
	const struct cloud_record *cloud = row != NULL ? row->event.cloud : NULL;

	set_or_null(json, "task", key_of(inquiry, alert->task_id, ENTITY_TASK));
	set_or_null(json, "cluster", key_of(inquiry, alert->cluster_id, ENTITY_CLUSTER));
	set_or_null(json, "account", cloud != NULL ? cloud->account : node_fact(node, "account"));
	set_or_null(json, "region", cloud != NULL ? cloud->region : node_fact(node, "region"));
}

json_t *alerts_write(const struct inquiry *inquiry)
{
	json_t *alerts = json_array();
	char time[TIME_TEXT_MAX];

	for (size_t i = 0; i < inquiry->alert_count; i++) {
		const struct alert_row *alert = &inquiry->alerts[i];
		const struct event_row *row = event_of(inquiry, alert->event_id);
		const struct node *actor = node_find(inquiry, alert->actor_id);
		json_t *json = json_object();

		json_set_text(json, "id", alert->id);
		json_set_text(json, "rule", alert->rule);
		json_set_text(json, "rule_version", alert->rule_version);
		json_set_text(json, "priority", priority_name(alert->priority));
		json_set_text(json, "source", alert->source);
		/* the event knows more digits than the table of alerts */
		json_set_text(json, "time",
			      time_format_exact(row != NULL ? row->event.time_ns : alert->time_ns, time));
		json_set_text(json, "output", alert->output);
		set_parsed(json, "output_fields", alert->fields_json, json_object());
		set_parsed(json, "tags", alert->tags_json, json_array());
		set_parsed(json, "policies", alert->policies_json, json_array());
		set_or_null(json, "severity", alert->severity ? severity_name(alert->severity) : NULL);
		set_parsed(json, "responses", alert->responses_json, json_array());
		json_set_text(json, "event", event_text(alert->event_id, inquiry->arena));
		add_place(inquiry, alert, row, json);
		json_object_set_new(json, "container", container_json(row));
		set_or_null(json, "user", actor != NULL ? actor->name : NULL);
		json_array_append_new(alerts, json);
	}
	return alerts;
}

static int compare_shown(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left;
	const struct node *b = *(const struct node *const *)right;

	return a->row.kind != b->row.kind ? (int)a->row.kind - (int)b->row.kind : strcmp(a->row.key, b->row.key);
}

static json_t *entity_json(const struct node *node)
{
	json_t *json = json_object();
	json_t *facts = json_object();
	char text[TIME_TEXT_MAX];

	snprintf(text, sizeof(text), "%lld", (long long)node->row.id);
	json_set_text(json, "entity", text);
	json_set_text(json, "kind", entity_kind_name(node->row.kind));
	json_set_text(json, "key", node->row.key);
	json_set_text(json, "name", node->name);
	for (size_t i = 0; i < node->fact_count; i++)
		json_set_text(facts, node->facts[i].fact, node->facts[i].value);
	json_object_set_new(json, "facts", facts);
	json_set_text(json, "first_seen", time_format_exact(node->row.first_seen, text));
	json_set_text(json, "last_seen", time_format_exact(node->row.last_seen, text));
	return json;
}

json_t *entities_write(const struct inquiry *inquiry)
{
	const struct node **shown = arena_array(inquiry->arena, const struct node *, inquiry->node_count + 1);
	json_t *entities = json_array();
	size_t count = 0;

	if (shown == NULL)
		return entities;
	for (size_t i = 0; i < inquiry->node_count; i++) {
		if (inquiry->nodes[i].is_kept)
			shown[count++] = &inquiry->nodes[i];
	}
	qsort(shown, count, sizeof(*shown), compare_shown);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(entities, entity_json(shown[i]));
	return entities;
}
