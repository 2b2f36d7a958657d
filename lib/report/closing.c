#include <string.h>

#include "json/json.h"
#include "report/parts.h"
#include "text/escape.h"

#define NEXT_MAX 8

/* Whether what a source missed can be had another way, by what the source begins with. */
static const struct {
	const char *source;
	bool is_fillable;
	const char *text;
} backfills[] = {
	{ "cloudtrail", true,
	  "can be filled from Event history: AWS keeps management events for 90 days without any trail" },
	{ "agent", false, "cannot be filled: what an agent did not see is gone" },
	{ "scan", true, "can be filled: scan the image again" },
};

/* The document may know better than the kind of the source. */
static void print_backfill(struct page *page, const json_t *gap, const char *source)
{
	const json_t *known = json_object_get(gap, "backfillable");

	for (size_t i = 0; source && i < ARRAY_SIZE(backfills); i++) {
		if (strncmp(source, backfills[i].source, strlen(backfills[i].source)) != 0)
			continue;
		strbuf_adds(page->out, "     ");
		page_wrap(page, 5, 5,
			  json_is_boolean(known) && json_is_true(known) != backfills[i].is_fillable
				  ? (json_is_true(known) ? "can be filled" : "cannot be filled")
				  : backfills[i].text);
	}
}

static void add_span(const struct report *report, struct strbuf *line, const json_t *gap)
{
	int64_t from, until;
	char text[TIME_TEXT_MAX];

	strbuf_adds(line, "from ");
	report_time_add(report, line, json_text(gap, "from"));
	if (!json_text(gap, "until")) {
		strbuf_adds(line, ", still open");
		return;
	}
	strbuf_adds(line, " until ");
	report_time_add(report, line, json_text(gap, "until"));
	if (report_ns(gap, "from", &from) && report_ns(gap, "until", &until) && until > from)
		strbuf_addf(line, " (%s unseen)", duration_format(until - from, text));
}

static void print_gap(struct report *report, const json_t *gap)
{
	struct page *page = &report->page;
	const char *source = json_text(gap, "source");
	char label[LABEL_MAX];
	AUTO_STRBUF line = STRBUF_INIT;

	report_source_add(report, &line, source ? source : "?", false);
	strbuf_adds(&line, json_object_get(gap, "lost") ? ": not all heard " : ": nothing heard ");
	add_span(report, &line, gap);
	if (json_text(gap, "reason")) {
		strbuf_adds(&line, ": ");
		page_escape(page, &line, json_text(gap, "reason"));
	}
	if (report_label(report, json_text(gap, "event"), label))
		strbuf_addf(&line, "  %s", label);
	strbuf_addf(page->out, "  %s%s ", page_glyph(page, GLYPH_BLIND), page_glyph(page, GLYPH_BLIND));
	page_wrap(page, 5, 5, line.data);
	print_backfill(page, gap, source);
}

static void print_gaps(struct report *report)
{
	const json_t *gap;
	size_t i;

	json_array_foreach (report_list(report, "gaps"), i, gap) {
		if (i == 0)
			page_head(&report->page, "GAPS", NULL);
		print_gap(report, gap);
	}
}

static void print_completeness(struct report *report)
{
	static const char head[] = "Data complete to: ";
	const json_t *sources = report_list(report, "completeness"), *source;
	struct page *page = &report->page;
	AUTO_STRBUF line = STRBUF_INIT;
	size_t i;

	json_array_foreach (sources, i, source) {
		if (i)
			strbuf_adds(&line, page_glyph(page, GLYPH_DOT));
		report_source_add(report, &line, json_text(source, "source") ? json_text(source, "source") : "?",
				  false);
		strbuf_addc(&line, ' ');
		if (json_text(source, "watermark"))
			report_time_add(report, &line, json_text(source, "watermark"));
		else
			strbuf_adds(&line, "never heard");
		if (json_is_true(json_object_get(source, "gap")))
			strbuf_addf(&line, " %s gap", page_glyph(page, GLYPH_BLIND));
	}
	if (!json_array_size(sources))
		strbuf_adds(&line, "nothing heard from any source");
	strbuf_addf(page->out, "\n%s", head);
	page_wrap(page, sizeof(head) - 1, 4, line.data);
}

static void print_next(struct report *report)
{
	const json_t *next = report_list(report, "next"), *command;
	struct page *page = &report->page;
	size_t i;

	json_array_foreach (next, i, command) {
		AUTO_STRBUF safe = STRBUF_INIT;

		if (i == NEXT_MAX)
			break;
		page_escape(page, &safe, json_string_value(command));
		strbuf_addf(page->out, "%s%s\n", i ? "       " : "Next:  ", safe.data);
	}
}

void report_closing(struct report *report)
{
	const char *cut = json_text(report->document, "cut");
	AUTO_STRBUF line = STRBUF_INIT;

	print_gaps(report);
	if (cut) {
		strbuf_adds(&line, "Left out: ");
		page_escape(&report->page, &line, cut);
		strbuf_addc(report->page.out, '\n');
		page_wrap(&report->page, 0, 4, line.data);
	}
	print_completeness(report);
	if (!report->page.style.quiet)
		print_next(report);
}
