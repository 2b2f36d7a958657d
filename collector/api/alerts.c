#include <stdlib.h>
#include <string.h>

#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/store/pool.h"
#include "collector/store/query.h"
#include "collector/store/sql.h"
#include "json/json.h"

#define ALERTS_DEFAULT	  100
#define ENTITIES_BY_ALERT 4 /* task, cluster, actor, container */

struct page {
	struct alert_row *alerts;
	struct entity_row *entities;
	struct fact_row *facts;
	size_t alert_count, entity_count, fact_count;
	bool has_more;
};

static const struct entity_row *find_entity(const struct page *page, int64_t id)
{
	for (size_t low = 0, high = page->entity_count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (page->entities[middle].id == id)
			return &page->entities[middle];
		if (page->entities[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const char *find_fact(const struct page *page, int64_t entity, const char *name)
{
	for (size_t low = 0, high = page->fact_count; low < high;) {
		size_t middle = low + (high - low) / 2;
		const struct fact_row *fact = &page->facts[middle];
		int order = fact->entity == entity ? strcmp(fact->fact, name) : (fact->entity < entity ? -1 : 1);

		if (order == 0)
			return fact->value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static const char *key_of_kind(const struct page *page, int64_t id, enum entity_kind kind)
{
	const struct entity_row *entity = find_entity(page, id);

	return entity && entity->kind == kind ? entity->key : NULL;
}

/* What the first of the entities that knows says. */
static const char *first_fact(const struct page *page, const struct alert_row *alert, const char *name)
{
	const int64_t ids[] = { alert->task_id, alert->cluster_id, alert->actor_id };

	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		const char *value = ids[i] ? find_fact(page, ids[i], name) : NULL;

		if (value)
			return value;
	}
	return NULL;
}

static void set_text_or_null(json_t *json, const char *name, const char *text)
{
	if (text)
		json_set_text(json, name, text);
	else
		json_object_set_new(json, name, json_null());
}

static json_t *container_json(const struct page *page, int64_t id)
{
	const char *key = key_of_kind(page, id, ENTITY_CONTAINER);
	json_t *json;

	if (!key)
		return json_null();
	json = json_object();
	json_set_text(json, "id", key);
	set_text_or_null(json, "name", find_fact(page, id, "name"));
	set_text_or_null(json, "image", find_fact(page, id, "image"));
	set_text_or_null(json, "image_id", find_fact(page, id, "image_id"));
	return json;
}

static json_t *alert_json(const struct page *page, const struct alert_row *alert)
{
	const struct entity_row *actor = find_entity(page, alert->actor_id);
	json_t *json = json_object(), *fields = json_loads(alert->fields_json, 0, NULL);
	const char *name = actor ? find_fact(page, alert->actor_id, "name") : NULL;
	const char *region = first_fact(page, alert, "region");
	char id[UUID_TEXT_MAX];

	json_set_text(json, "id", alert->id);
	json_set_text(json, "rule", alert->rule);
	json_set_text(json, "rule_version", alert->rule_version);
	json_set_text(json, "priority", priority_name(alert->priority));
	json_set_text(json, "source", alert->source);
	json_set_time(json, "time", alert->time_ns);
	json_set_text(json, "output", alert->output);
	json_object_set_new(json, "output_fields", fields ? fields : json_object());
	json_object_set_new(json, "tags", json_loads(alert->tags_json, 0, NULL));
	json_object_set_new(json, "policies", json_loads(alert->policies_json, 0, NULL));
	set_text_or_null(json, "severity", alert->severity ? severity_name(alert->severity) : NULL);
	json_object_set_new(json, "responses", json_loads(alert->responses_json, 0, NULL));
	json_set_text(json, "event", uuid_format(alert->event_id, id));
	set_text_or_null(json, "task", key_of_kind(page, alert->task_id, ENTITY_TASK));
	set_text_or_null(json, "host", key_of_kind(page, alert->task_id, ENTITY_HOST));
	set_text_or_null(json, "cluster", key_of_kind(page, alert->cluster_id, ENTITY_CLUSTER));
	set_text_or_null(json, "account", first_fact(page, alert, "account"));
	set_text_or_null(json, "region", region ? region : json_text(fields, "ct.region"));
	json_object_set_new(json, "container", container_json(page, alert->container_id));
	set_text_or_null(json, "user", name ? name : (actor ? actor->key : NULL));
	return json;
}

static int read_page(struct store *store, const struct alert_filter *filter, struct arena *arena, struct page *page,
		     struct err *err)
{
	size_t count = 0;
	int64_t *ids;

	if (query_alerts(store, TENANT_LOCAL, filter, arena, &page->alerts, &page->alert_count, &page->has_more,
			 err) < 0)
		return err->code;
	ids = arena_array(arena, int64_t, page->alert_count * ENTITIES_BY_ALERT + 1);
	if (!ids)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < page->alert_count; i++) {
		ids[count++] = page->alerts[i].task_id;
		ids[count++] = page->alerts[i].cluster_id;
		ids[count++] = page->alerts[i].actor_id;
		ids[count++] = page->alerts[i].container_id;
	}
	if (query_entities(store, TENANT_LOCAL, ids, count, arena, &page->entities, &page->entity_count, err) < 0)
		return err->code;
	return query_facts(store, TENANT_LOCAL, ids, count, arena, &page->facts, &page->fact_count, err);
}

static int read_filter(const struct request *request, struct alert_filter *filter, struct err *err)
{
	const char *priority = request_text(request, "priority");

	*filter = (struct alert_filter){
		.since_ns = request_number(request, "since", 0),
		.until_ns = request_number(request, "until", 0),
		.id_prefix = request_text(request, "id"),
		.rule = request_text(request, "rule"),
		.priority_max = PRIORITY_DEBUG,
		.limit = (size_t)request_number(request, "limit", ALERTS_DEFAULT),
	};
	if (!priority)
		return 0;
	filter->priority_max = priority_find(priority);
	if (filter->priority_max < 0)
		return err_set(err, ERR_USAGE,
			       "unrecognized priority \"%s\"; there are Emergency, Alert, Critical, Error, "
			       "Warning, Notice, Informational and Debug",
			       priority);
	return 0;
}

int api_alerts(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct alert_filter filter;
	struct page page = { 0 };
	struct store *store;
	json_t *alerts;
	int code;

	if (read_filter(request, &filter, err) < 0 ||
	    pool_take_reading(request->context->pool, TENANT_LOCAL, &store, err) < 0)
		return err->code;
	code = read_page(store, &filter, request->arena, &page, err);
	pool_give(request->context->pool, store);
	if (code < 0)
		return code;
	alerts = json_array();
	for (size_t i = 0; i < page.alert_count; i++)
		json_array_append_new(alerts, alert_json(&page, &page.alerts[i]));
	*ret = json_pack("{s:o, s:b}", "alerts", alerts, "more", (int)page.has_more);
	return 0;
}
