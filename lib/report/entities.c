#include <string.h>

#include "json/json.h"
#include "report/choice.h"
#include "report/parts.h"
#include "text/escape.h"

#define FACT_TELLING 8 /* bytes: shorter values ("No", "root") may stand in a line by chance */

/* Who acted and what was acted on; alerts, processes and files have sections of their own. */
static const char *const shown_kinds[] = { "user",    "role", "session",   "access-key", "cluster",
					   "service", "task", "container", "image",	 "trail",
					   "host",    "ip",   "resource" };

static bool is_shown(const struct report *report, const json_t *entity)
{
	const char *kind = json_text(entity, "kind");

	if (!report->page.style.is_all)
		return choice_shows_entity(report, entity);
	/* Of an address or a key the bare name is in the links already. */
	if (kind && (strcmp(kind, "ip") == 0 || strcmp(kind, "access-key") == 0) &&
	    !json_object_size(json_object_get(entity, "facts")))
		return false;
	for (size_t i = 0; kind && i < ARRAY_SIZE(shown_kinds); i++) {
		if (strcmp(shown_kinds[i], kind) == 0)
			return true;
	}
	return false;
}

static void add_value(const struct page *page, struct strbuf *line, const json_t *value)
{
	AUTO_FREE char *text = NULL;

	if (json_is_string(value)) {
		page_escape(page, line, json_string_value(value));
		return;
	}
	text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	page_escape(page, line, text);
}

/* Whether the line, or another fact, says it already: the account within an ARN, the name after its kind. */
static bool is_said(const char *safe_line, const json_t *entity, const char *fact, const json_t *value)
{
	const char *text = json_string_value(value), *shown_name = json_text(entity, "name"), *name;
	json_t *facts = json_object_get(entity, "facts"), *other;

	if (!text || !*text || strcmp(fact, "name") == 0 || (shown_name && strcmp(text, shown_name) == 0))
		return true;
	if (strlen(text) < FACT_TELLING)
		return false;
	if (strstr(safe_line, text))
		return true;
	json_object_foreach (facts, name, other) {
		if (other != value && json_is_string(other) && strlen(json_string_value(other)) > strlen(text) &&
		    strstr(json_string_value(other), text))
			return true;
	}
	return false;
}

static void add_fact_name(const struct page *page, struct strbuf *line, const char *name)
{
	size_t start = line->length;

	page_escape(page, line, name);
	for (size_t i = start; i < line->length; i++) {
		if (line->data[i] == '_')
			line->data[i] = ' ';
	}
}

static void add_facts(const struct report *report, struct strbuf *line, const json_t *entity)
{
	const char *dot = page_glyph(&report->page, GLYPH_DOT), *name;
	json_t *facts = json_object_get(entity, "facts"), *value;

	json_object_foreach (facts, name, value) {
		if (!choice_shows_fact(report, json_text(entity, "kind"), name, value) ||
		    (json_is_string(value) && is_said(line->data, entity, name, value)))
			continue;
		strbuf_adds(line, dot);
		add_fact_name(&report->page, line, name);
		strbuf_addc(line, ' ');
		add_value(&report->page, line, value);
	}
}

/* An ARN that ends in the name shown is the name with account and region, which are facts. */
static bool is_arn_of(const char *key, const char *name)
{
	size_t key_length = strlen(key), name_length = strlen(name);

	return strncmp(key, "arn:", 4) == 0 && key_length > name_length &&
	       strcmp(key + key_length - name_length, name) == 0;
}

static void print_entity(struct report *report, const json_t *entity)
{
	struct page *page = &report->page;
	const char *key = json_text(entity, "key"), *name = json_text(entity, "name");
	const char *dot = page_glyph(page, GLYPH_DOT);
	AUTO_STRBUF head = STRBUF_INIT;
	AUTO_STRBUF line = STRBUF_INIT;

	report_entity_add(report, &head, entity);
	if (key && (!name || (strcmp(key, name) != 0 && !is_arn_of(key, name)))) {
		strbuf_adds(&line, "  ");
		page_escape(page, &line, key);
	}
	add_facts(report, &line, entity);
	if (json_text(entity, "first_seen")) {
		strbuf_addf(&line, "%sfirst seen ", dot);
		report_time_add(report, &line, json_text(entity, "first_seen"));
	}
	strbuf_adds(page->out, "  ");
	page_tinted(page, TINT_HEAD, head.data);
	page_wrap(page, 2 + text_width(head.data), 6, line.data);
}

void report_entities(struct report *report)
{
	const json_t *entity;
	bool has_head = false;
	size_t i;

	json_array_foreach (report_list(report, "entities"), i, entity) {
		if (!is_shown(report, entity))
			continue;
		if (!has_head)
			page_head(&report->page, "WHO AND WHAT", NULL);
		has_head = true;
		print_entity(report, entity);
	}
}
