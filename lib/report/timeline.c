#include <stdio.h>
#include <string.h>

#include "json/json.h"
#include "report/parts.h"
#include "text/escape.h"

#define POLICY_SHOWN_MAX 40 /* bytes of its name */

/* The first policy behind an alert, where its name is short; the document has them all. */
static void add_policy(const struct report *report, struct strbuf *line, const json_t *alert)
{
	const json_t *policies = json_object_get(alert, "policies");
	const char *name = json_string_value(json_array_get(policies, 0));

	if (!name || strlen(name) > POLICY_SHOWN_MAX)
		return;
	strbuf_adds(line, "; policy ");
	page_escape(&report->page, line, name);
	if (json_array_size(policies) > 1)
		strbuf_addf(line, " +%zu", json_array_size(policies) - 1);
}

/* What was done because of it: "; kill done", or that it was not. */
static void add_responses(const struct report *report, struct strbuf *line, const json_t *alert)
{
	const json_t *response;
	size_t i;

	json_array_foreach (json_object_get(alert, "responses"), i, response) {
		const char *action = json_text(response, "action"), *outcome = json_text(response, "outcome");
		const char *detail = json_text(response, "detail");

		if (!action || !outcome)
			continue;
		strbuf_adds(line, "; ");
		page_escape(&report->page, line, action);
		strbuf_addc(line, ' ');
		page_escape(&report->page, line, outcome);
		if (!detail || !*detail)
			continue;
		strbuf_adds(line, ": ");
		page_escape(&report->page, line, detail);
	}
}

static void add_rules(const struct report *report, struct strbuf *line, const json_t *row)
{
	const json_t *id;
	size_t i;

	json_array_foreach (json_object_get(row, "alerts"), i, id) {
		const json_t *alert =
			json_is_string(id) ? json_object_get(report->alerts, json_string_value(id)) : NULL;

		strbuf_adds(line, "  [");
		page_escape(&report->page, line,
			    json_text(alert, "priority") ? json_text(alert, "priority") : "alert");
		strbuf_adds(line, ": ");
		page_escape(&report->page, line,
			    json_text(alert, "rule") ? json_text(alert, "rule") : json_string_value(id));
		add_policy(report, line, alert);
		add_responses(report, line, alert);
		strbuf_addc(line, ']');
	}
}

/* How sure it is that the row belongs to the subject, where that is not certain. */
static void add_doubts(const struct report *report, struct strbuf *line, const json_t *row)
{
	const char *relation = json_text(row, "relation");
	const char *until = json_text(row, "until");

	if (relation && strcmp(relation, "association") == 0)
		strbuf_adds(line, "  ~ association only");
	else if (relation && strcmp(relation, "attempted") == 0)
		strbuf_adds(line, "  (attempted, not done)");
	if (json_is_true(json_object_get(row, "order_uncertain")))
		strbuf_adds(line, "  (order uncertain)");
	if (until && json_text(row, "kind") && strcmp(json_text(row, "kind"), "gap") == 0) {
		strbuf_adds(line, "  until ");
		report_time_add(report, line, until);
	}
}

static void print_row(struct report *report, const json_t *row, size_t time_width)
{
	struct page *page = &report->page;
	const char *lane = json_text(row, "lane"), *kind = json_text(row, "kind");
	bool is_gap = kind && strcmp(kind, "gap") == 0;
	int priority = report_priority(row);
	char label[LABEL_MAX] = "";
	AUTO_STRBUF time = STRBUF_INIT;
	AUTO_STRBUF name = STRBUF_INIT;
	AUTO_STRBUF head = STRBUF_INIT;
	AUTO_STRBUF text = STRBUF_INIT;
	size_t indent;

	report_label(report, json_text(row, "event"), label);
	report_time_add(report, &time, json_text(row, "time"));
	page_escape(page, &name, lane);
	page_fit(page, &head, name.data, 8);
	page_escape(page, &text, json_text(row, "text"));
	add_rules(report, &text, row);
	add_doubts(report, &text, row);
	strbuf_addf(page->out, "  %-4s%*s%s ", label,
		    time_width > text_width(time.data) ? (int)(time_width - text_width(time.data)) : 0, "",
		    time.data);
	page_tinted(page, priority_tint(priority), page_glyph(page, is_gap ? GLYPH_BLIND : priority_glyph(priority)));
	strbuf_addf(page->out, " %s ", head.data);
	indent = 2 + 4 + time_width + 3 + 8 + 1;
	page_wrap(page, indent, page->style.width < 80 ? 8 : indent, text.data);
}

void report_timeline(struct report *report)
{
	const json_t *rows = report_list(report, "timeline"), *row;
	size_t i, time_width = 0;

	if (!json_array_size(rows)) {
		page_head(&report->page, "TIMELINE", NULL);
		strbuf_adds(report->page.out, "  nothing happened in the window\n");
		return;
	}
	json_array_foreach (rows, i, row) {
		AUTO_STRBUF time = STRBUF_INIT;

		report_time_add(report, &time, json_text(row, "time"));
		if (text_width(time.data) > time_width && text_width(time.data) < TIME_TEXT_MAX)
			time_width = text_width(time.data);
	}
	strbuf_addc(report->page.out, '\n');
	json_array_foreach (rows, i, row)
		print_row(report, row, time_width);
}
