#include <string.h>

#include "json/json.h"
#include "report/parts.h"
#include "text/escape.h"

/* Kinds that are worth a line even when nothing more is known of them. */
static const char *const shown_kinds[] = {
	"user",	     "role",  "session", "cluster", "service", "task", "task-definition",
	"container", "image", "trail",	 "host"
};

static bool is_shown(const json_t *entity)
{
	const char *kind = json_text(entity, "kind");

	if (json_object_size(json_object_get(entity, "facts")) > 0)
		return true;
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

static void add_facts(const struct report *report, struct strbuf *line, const json_t *entity)
{
	const char *dot = page_glyph(&report->page, GLYPH_DOT), *name;
	json_t *facts = json_object_get(entity, "facts"), *value;

	json_object_foreach (facts, name, value) {
		strbuf_adds(line, dot);
		page_escape(&report->page, line, name);
		strbuf_addc(line, ' ');
		add_value(&report->page, line, value);
	}
}

static void print_entity(struct report *report, const json_t *entity)
{
	struct page *page = &report->page;
	const char *key = json_text(entity, "key"), *name = json_text(entity, "name");
	const char *dot = page_glyph(page, GLYPH_DOT);
	AUTO_STRBUF head = STRBUF_INIT;
	AUTO_STRBUF line = STRBUF_INIT;

	report_entity_add(report, &head, entity);
	if (key && (!name || strcmp(key, name) != 0)) {
		strbuf_addc(&line, ' ');
		page_escape(page, &line, key);
	}
	add_facts(report, &line, entity);
	if (json_text(entity, "first_seen")) {
		strbuf_addf(&line, "%sfirst seen ", dot);
		report_time_add(report, &line, json_text(entity, "first_seen"));
	}
	strbuf_adds(page->out, "  ");
	page_tinted(page, TINT_HEAD, head.data);
	strbuf_addc(page->out, ' ');
	page_wrap(page, 3 + text_width(head.data), 6, line.data);
}

void report_entities(struct report *report)
{
	const json_t *entity;
	bool has_head = false;
	size_t i;

	json_array_foreach (report_list(report, "entities"), i, entity) {
		if (!is_shown(entity))
			continue;
		if (!has_head)
			page_head(&report->page, "WHO AND WHAT", NULL);
		has_head = true;
		print_entity(report, entity);
	}
}
