#include "report/report.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "model/entity.h"
#include "report/choice.h"
#include "report/parts.h"

#define TASK_ID_LENGTH 32
#define TASK_ID_SHORT  8
#define DIGEST_SHORT   19 /* sha256: and 12 digits */

const json_t *report_list(const struct report *report, const char *name)
{
	const json_t *list = json_object_get(report->document, name);

	return json_is_array(list) ? list : NULL;
}

const json_t *report_entity(const struct report *report, const char *id)
{
	return id ? json_object_get(report->entities, id) : NULL;
}

static bool is_task_id(const char *text)
{
	size_t length = strspn(text, "0123456789abcdef");

	return length == TASK_ID_LENGTH && !text[length];
}

/* Last part of an ARN; ids and digests are cut to what a person compares. */
static void add_short_name(const struct report *report, struct strbuf *line, const char *name)
{
	const char *slash = strrchr(name, '/');
	char cut[DIGEST_SHORT + 1];

	if (strncmp(name, "arn:", 4) == 0 && slash)
		name = slash + 1;
	if (is_task_id(name))
		snprintf(cut, sizeof(cut), "%.*s", TASK_ID_SHORT, name);
	else if (strncmp(name, "sha256:", 7) == 0)
		snprintf(cut, sizeof(cut), "%s", name);
	else
		cut[0] = '\0';
	page_escape(&report->page, line, cut[0] ? cut : name);
}

void report_entity_add(const struct report *report, struct strbuf *line, const json_t *entity)
{
	const char *kind = json_text(entity, "kind"), *name = json_text(entity, "name");

	if (!name || !*name)
		name = json_text(entity, "key");
	page_escape(&report->page, line, kind ? kind : "entity");
	if (!name)
		return;
	strbuf_addc(line, ' ');
	add_short_name(report, line, name);
}

void report_source_add(const struct report *report, struct strbuf *line, const char *source, bool is_short)
{
	AUTO_FREE char *copy = strdup(source);
	char *rest = NULL;
	bool is_first = true;

	for (char *word = copy ? strtok_r(copy, " ", &rest) : NULL; word; word = strtok_r(NULL, " ", &rest)) {
		if (is_short && !is_first && *rest)
			continue;
		if (!is_first)
			strbuf_addc(line, ' ');
		add_short_name(report, line, word);
		is_first = false;
	}
}

void report_time_add(const struct report *report, struct strbuf *line, const char *time)
{
	char text[TIME_TEXT_MAX];
	int64_t ns;

	if (!time || time_parse(time, &ns, NULL) < 0) {
		page_escape(&report->page, line, time ? time : "?");
		return;
	}
	time_format(ns, strchr(time, '.') ? 3 : 0, text);
	if (strncmp(text, report->day, 10) == 0) {
		strbuf_adds(line, text + 11);
		return;
	}
	text[10] = ' ';
	strbuf_adds(line, text);
}

bool report_label(const struct report *report, const char *event, char out[LABEL_MAX])
{
	const json_t *number = event ? json_object_get(report->labels, event) : NULL;

	if (!number)
		return false;
	snprintf(out, LABEL_MAX, "e%lld", (long long)json_integer_value(number));
	return true;
}

int report_priority(const json_t *row)
{
	const char *word = json_text(row, "priority");

	return word ? priority_find(word) : -1;
}

bool report_ns(const json_t *row, const char *name, int64_t *ret_ns)
{
	const char *text = json_text(row, name);

	return text && time_parse(text, ret_ns, NULL) == 0;
}

static void index_by(const struct report *report, const char *list, const char *name, json_t *index)
{
	const json_t *item;
	size_t i;

	json_array_foreach (report_list(report, list), i, item) {
		const char *id = json_text(item, name);

		if (id)
			json_object_set(index, id, (json_t *)item);
	}
}

/* The day of the last thing shown, so that an old scan does not decide it. */
static void choose_day(struct report *report)
{
	const json_t *rows = report_list(report, "timeline");
	int64_t ns;
	char text[TIME_TEXT_MAX];

	for (size_t i = json_array_size(rows); i-- > 0;) {
		if (!report_ns(json_array_get(rows, i), "time", &ns))
			continue;
		snprintf(report->day, sizeof(report->day), "%.10s", time_format(ns, 0, text));
		return;
	}
	if (report_ns(json_object_get(report->document, "window"), "until", &ns))
		snprintf(report->day, sizeof(report->day), "%.10s", time_format(ns, 0, text));
}

static void collect_evidence(const struct report *report, json_t *seen)
{
	const json_t *link, *method, *event;
	size_t i, j, k;

	json_array_foreach (report_list(report, "links"), i, link) {
		if (!choice_shows_link(report, link))
			continue;
		json_array_foreach (json_object_get(link, "methods"), j, method) {
			json_array_foreach (json_object_get(method, "events"), k, event) {
				if (k == EVIDENCE_PER_LINK)
					break;
				if (json_is_string(event))
					json_object_set_new(seen, json_string_value(event), json_null());
			}
		}
	}
}

/* Evidence is numbered in the order of time, which is the timeline's; what the timeline does not show comes after. */
static void number_evidence(struct report *report)
{
	AUTO_JSON seen = json_object();
	json_int_t number = 0;
	const json_t *row;
	json_t *value;
	const char *event;
	size_t i;

	collect_evidence(report, seen);
	json_array_foreach (report_list(report, "timeline"), i, row) {
		event = json_text(row, "event");
		if (event && json_object_get(seen, event) && !json_object_get(report->labels, event))
			json_object_set_new(report->labels, event, json_integer(++number));
	}
	json_object_foreach (seen, event, value) {
		if (!json_object_get(report->labels, event))
			json_object_set_new(report->labels, event, json_integer(++number));
	}
}

static size_t fit_width(size_t width)
{
	if (!width)
		return REPORT_WIDTH_DEFAULT;
	if (width < REPORT_WIDTH_MIN)
		return REPORT_WIDTH_MIN;
	return width < REPORT_WIDTH_MAX ? width : REPORT_WIDTH_MAX;
}

int report_investigation(const json_t *document, const struct report_style *style, struct strbuf *out,
			 struct err *err)
{
	static void (*const sections[])(struct report *) = {
		report_headline, report_summary, report_lanes,	  report_timeline, report_tree,
		report_entities, report_links,	 report_evidence, report_closing,
	};
	AUTO_JSON entities = json_object();
	AUTO_JSON alerts = json_object();
	AUTO_JSON labels = json_object();
	struct report report = { .page = { .out = out, .style = *style },
				 .document = document,
				 .entities = entities,
				 .alerts = alerts,
				 .labels = labels };

	if (!json_is_object(document))
		return err_set(err, ERR_SYNTAX, "could not read an investigation: it is not a JSON object");
	report.page.style.width = fit_width(style->width);
	index_by(&report, "entities", "entity", entities);
	index_by(&report, "alerts", "id", alerts);
	choose_day(&report);
	number_evidence(&report);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		sections[i](&report);
	return out->failed ? err_set(err, ERR_MEMORY, "could not print an investigation: out of memory") : 0;
}
