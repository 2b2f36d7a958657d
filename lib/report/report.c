#include "report/report.h"

#include <stdio.h>

#include "json/json.h"
#include "report/choice.h"
#include "report/parts.h"

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
