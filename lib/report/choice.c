#include "report/choice.h"

#include <string.h>

#include "json/json.h"

#define CERTAIN 0.95

/* Relations that explain other links, but tell nothing new themselves. */
static const char *const supporting[] = { "about",	"fired_in",   "ran",	   "contains",	"started_from",
					  "belongs_to", "session_of", "member_of", "acted_from" };

/* Shown wherever they occur; containers and images only where a shown link ties them. */
static const char *const main_kinds[] = { "user", "role", "session", "cluster", "service", "task", "trail", "host" };
static const char *const tied_kinds[] = { "container", "image", "resource" };

/* Kind and its facts that a short page shows; other kinds show all. */
static const struct {
	const char *kind;
	const char *facts[8];
} short_facts[] = {
	{ "user", { "type", "mfa", "account", "last_ip", "user_agent" } },
	{ "role", { "account" } },
	{ "session", { "last_ip", "user_agent" } },
	{ "cluster", { "account", "region", "status" } },
	{ "task", { "family", "revision", "launch_type", "availability_zone", "sensor_limit", "dropped_events" } },
	{ "container", { "image", "started_at" } },
	{ "image",
	  { "reference", "user", "runs_as_root", "findings", "findings_critical", "findings_high",
	    "findings_medium" } },
};

static bool is_in(const char *const *list, size_t count, const char *text)
{
	for (size_t i = 0; text && i < count && list[i]; i++) {
		if (strcmp(list[i], text) == 0)
			return true;
	}
	return false;
}

static bool is_kind_of(const json_t *entity, const char *kind)
{
	const char *text = json_text(entity, "kind");

	return text && strcmp(text, kind) == 0;
}

/* Container of the alert that was asked for, or NULL. */
static const char *subject_container(const struct report *report)
{
	const char *id = json_text(json_object_get(report->document, "subject"), "id");
	const json_t *alert = id ? json_object_get(report->alerts, id) : NULL;

	return json_text(json_object_get(alert, "container"), "id");
}

static bool is_of_subject(const struct report *report, const json_t *link)
{
	const char *subject = json_text(json_object_get(report->document, "subject"), "entity");
	const char *from = json_text(link, "from"), *to = json_text(link, "to");

	return subject && ((from && strcmp(subject, from) == 0) || (to && strcmp(subject, to) == 0));
}

/* True if the same container is tied to its image by digest. */
static bool has_certain_image(const struct report *report, const json_t *weak)
{
	const char *container = json_text(weak, "from");
	const json_t *link;
	size_t i;

	json_array_foreach (report_list(report, "links"), i, link) {
		const char *from = json_text(link, "from"), *relation = json_text(link, "relation");

		if (from && container && relation && strcmp(from, container) == 0 && strcmp(relation, "runs") == 0 &&
		    json_number_value(json_object_get(link, "confidence")) >= CERTAIN)
			return true;
	}
	return false;
}

static bool shows_image_link(const struct report *report, const json_t *link)
{
	const char *container = subject_container(report);
	const char *key = json_text(report_entity(report, json_text(link, "from")), "key");

	if (json_number_value(json_object_get(link, "confidence")) < CERTAIN && has_certain_image(report, link))
		return false;
	return !container || !key || strcmp(container, key) == 0;
}

bool choice_shows_link(const struct report *report, const json_t *link)
{
	const char *relation = json_text(link, "relation");

	if (report->page.style.is_all || !relation)
		return true;
	/* A service that assumes a task's role is how every task gets its credentials. */
	if (is_in(supporting, ARRAY_SIZE(supporting), relation) ||
	    (strcmp(relation, "assumed") == 0 &&
	     is_kind_of(report_entity(report, json_text(link, "from")), "aws-service")))
		return false;
	if (strcmp(relation, "fired_on") == 0)
		return is_of_subject(report, link);
	return strcmp(relation, "runs") != 0 || shows_image_link(report, link);
}

static bool is_tied(const struct report *report, const char *id)
{
	const json_t *link;
	size_t i;

	json_array_foreach (report_list(report, "links"), i, link) {
		const char *from = json_text(link, "from"), *to = json_text(link, "to");

		if (id && ((from && strcmp(from, id) == 0) || (to && strcmp(to, id) == 0)) &&
		    choice_shows_link(report, link))
			return true;
	}
	return false;
}

bool choice_shows_entity(const struct report *report, const json_t *entity)
{
	const char *kind = json_text(entity, "kind");

	if (is_in(main_kinds, ARRAY_SIZE(main_kinds), kind))
		return true;
	return is_in(tied_kinds, ARRAY_SIZE(tied_kinds), kind) && is_tied(report, json_text(entity, "entity"));
}

bool choice_shows_fact(const struct report *report, const char *kind, const char *fact, const json_t *value)
{
	const char *text = json_string_value(value);

	if (report->page.style.is_all)
		return true;
	/* "findings 0" tells that it was scanned; none of one severity tells nothing. */
	if (text && strcmp(text, "0") == 0 && strcmp(fact, "findings") != 0)
		return false;
	for (size_t i = 0; kind && i < ARRAY_SIZE(short_facts); i++) {
		if (strcmp(short_facts[i].kind, kind) == 0)
			return is_in(short_facts[i].facts, ARRAY_SIZE(short_facts[i].facts), fact);
	}
	return true;
}
