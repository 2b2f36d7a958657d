#include "tests/unit/correlate/asked.h"

struct fake_event events[EVENTS_MAX];
size_t event_count;
struct store *store;

int asked_set_up(void **state)
{
	(void)state;
	event_count = story_events(events, ARRAY_SIZE(events));
	store = fake_store_new();
	for (size_t i = 0; i < event_count; i++)
		fake_store_add(store, &events[i]);
	return 0;
}

int asked_tear_down(void **state)
{
	(void)state;
	fake_store_free(store);
	return 0;
}

json_t *ask(const char *reference)
{
	struct investigate_query query = { .reference = reference,
					   .min_confidence = INVESTIGATE_MIN_CONFIDENCE_DEFAULT };
	struct err err = { 0 };
	json_t *document;

	if (investigate(store, 1, &query, &document, NULL, &err) < 0)
		fail_msg("%s", err.message);
	return document;
}

json_t *ask_alert(void)
{
	char id[ALERT_ID_MAX];

	return ask(story_alert(id));
}

const json_t *entity_by(const json_t *document, const char *member, const char *value)
{
	const json_t *entities = json_object_get(document, "entities");

	for (size_t i = 0; i < json_array_size(entities); i++) {
		const json_t *entity = json_array_get(entities, i);

		if (strcmp(json_text(entity, member), value) == 0)
			return entity;
	}
	return NULL;
}

const char *key_of(const json_t *document, const json_t *link, const char *end)
{
	const json_t *entity = entity_by(document, "entity", json_text(link, end));

	assert_non_null(entity);
	return json_text(entity, "key");
}

const json_t *find_link(const json_t *document, const char *from, const char *relation, const char *to)
{
	const json_t *links = json_object_get(document, "links");

	for (size_t i = 0; i < json_array_size(links); i++) {
		const json_t *link = json_array_get(links, i);

		if (strcmp(json_text(link, "relation"), relation) == 0 &&
		    strcmp(key_of(document, link, "from"), from) == 0 &&
		    strcmp(key_of(document, link, "to"), to) == 0)
			return link;
	}
	return NULL;
}

void assert_link(const json_t *document, const char *from, const char *relation, const char *to, const char *strength)
{
	const json_t *link = find_link(document, from, relation, to);

	if (link == NULL)
		fail_msg("no link %s %s %s", from, relation, to);
	assert_string_equal(json_text(link, "strength"), strength);
	for (size_t i = 0; i < json_array_size(json_object_get(link, "methods")); i++)
		assert_true(json_array_size(json_object_get(json_array_get(json_object_get(link, "methods"), i),
							    "events")) > 0);
}

bool has_alert(const json_t *document, const char *rule)
{
	const json_t *alerts = json_object_get(document, "alerts");

	for (size_t i = 0; i < json_array_size(alerts); i++) {
		if (strcmp(json_text(json_array_get(alerts, i), "rule"), rule) == 0)
			return true;
	}
	return false;
}

const json_t *find_entry(const json_t *document, const char *part)
{
	const json_t *timeline = json_object_get(document, "timeline");

	for (size_t i = 0; i < json_array_size(timeline); i++) {
		const json_t *entry = json_array_get(timeline, i);

		if (strstr(json_text(entry, "text"), part) != NULL)
			return entry;
	}
	return NULL;
}
