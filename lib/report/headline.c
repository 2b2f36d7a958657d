#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "json/json.h"
#include "model/entity.h"
#include "report/parts.h"
#include "text/escape.h"

static void add_upper(const struct page *page, struct strbuf *line, const char *word)
{
	AUTO_STRBUF safe = STRBUF_INIT;

	page_escape(page, &safe, word);
	for (const char *c = safe.data; *c; c++)
		strbuf_addc(line, (char)toupper((unsigned char)*c));
}

/* What all alerts shown have in common, or NULL: somebody who acts in two regions is in neither. */
static const char *common_text(const struct report *report, const char *name)
{
	const json_t *alert;
	const char *common = NULL, *text;
	size_t i;

	json_array_foreach (report_list(report, "alerts"), i, alert) {
		text = json_text(alert, name);
		if (text && common && strcmp(text, common) != 0)
			return NULL;
		common = text ? text : common;
	}
	return common;
}

/* Where the alert asked for was; of other subjects where everything was. */
static void add_place(const struct report *report, struct strbuf *line)
{
	const char *id = json_text(json_object_get(report->document, "subject"), "id");
	const json_t *alert = id ? json_object_get(report->alerts, id) : NULL;
	const char *account = alert ? json_text(alert, "account") : common_text(report, "account");
	const char *region = alert ? json_text(alert, "region") : common_text(report, "region");

	if (!account)
		return;
	page_escape(&report->page, line, account);
	if (!region)
		return;
	strbuf_adds(line, " / ");
	page_escape(&report->page, line, region);
}

static void add_window(const struct report *report, struct strbuf *line)
{
	const json_t *window = json_object_get(report->document, "window");
	const char *from = json_text(window, "from"), *until = json_text(window, "until");

	if (!from || !until)
		return;
	strbuf_addf(line, "%swindow ", line->length ? page_glyph(&report->page, GLYPH_DOT) : "");
	report_time_add(report, line, from);
	strbuf_addf(line, " %s ", page_glyph(&report->page, GLYPH_ARROW));
	report_time_add(report, line, until);
}

static void print_title(struct report *report)
{
	struct page *page = &report->page;
	const json_t *subject = json_object_get(report->document, "subject");
	const char *severity = json_text(report->document, "severity"), *title = json_text(subject, "title");
	const char *reference = json_text(report->document, "reference");
	int priority = severity ? priority_find(severity) : -1;
	AUTO_STRBUF word = STRBUF_INIT;
	AUTO_STRBUF rest = STRBUF_INIT;

	if (severity)
		add_upper(page, &word, severity);
	else
		strbuf_adds(&word, "NO ALERT");
	page_escape(page, &rest, title ? title : reference);
	if (reference && title && strcmp(reference, title) != 0) {
		strbuf_adds(&rest, "  ");
		page_escape(page, &rest, reference);
	}
	strbuf_addf(page->out, "%s ", page_glyph(page, priority_glyph(priority)));
	page_tinted(page, priority_tint(priority), word.data);
	strbuf_adds(page->out, "  ");
	page_wrap(page, text_width(word.data) + 4, 2, rest.data);
	strbuf_clear(&rest);
	add_place(report, &rest);
	add_window(report, &rest);
	if (rest.length) {
		strbuf_adds(page->out, "  ");
		page_wrap(page, 2, 2, rest.data);
	}
}

static void add_link_numbers(struct strbuf *line, const json_t *numbers)
{
	const json_t *number;
	size_t i;

	json_array_foreach (numbers, i, number)
		strbuf_addf(line, "%s%lld",
			    i				   ? ", "
			    : json_array_size(numbers) > 1 ? "; links "
							   : "; link ",
			    (long long)json_integer_value(number));
}

static void print_verdict(struct report *report, const json_t *verdict)
{
	struct page *page = &report->page;
	const char *strength = json_text(verdict, "strength"), *text = json_text(verdict, "text");
	bool is_association = strength && strcmp(strength, "association") == 0;
	double confidence = json_number_value(json_object_get(verdict, "confidence"));
	AUTO_STRBUF line = STRBUF_INIT;

	page_escape(page, &line, text);
	strbuf_adds(&line, "  (");
	page_escape(page, &line, strength ? strength : "?");
	if (is_association && (!text || !strstr(text, "NOT cause")))
		strbuf_adds(&line, ", NOT cause");
	strbuf_addf(&line, ", %.2f %s", confidence, confidence_word(confidence));
	add_link_numbers(&line, json_object_get(verdict, "links"));
	strbuf_addc(&line, ')');
	strbuf_addf(page->out, "  %s ", is_association ? "~" : page_glyph(page, GLYPH_NOTICE));
	page_wrap(page, 4, 4, line.data);
}

void report_headline(struct report *report)
{
	const json_t *verdicts = report_list(report, "verdict"), *verdict;
	size_t i;

	print_title(report);
	page_head(&report->page, "VERDICT SO FAR", NULL);
	json_array_foreach (verdicts, i, verdict)
		print_verdict(report, verdict);
	if (!json_array_size(verdicts))
		strbuf_adds(report->page.out, "  nothing ties this to anything else in what is held\n");
}

static void print_summary_row(struct report *report, const json_t *row, int64_t first, size_t time_width)
{
	struct page *page = &report->page;
	int priority = report_priority(row);
	char since[TIME_TEXT_MAX];
	int64_t ns;
	AUTO_STRBUF time = STRBUF_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	report_time_add(report, &time, json_text(row, "time"));
	page_escape(page, &text, json_text(row, "text"));
	if (report_ns(row, "time", &ns) && ns - first >= NS_PER_S)
		strbuf_addf(&text, "  (+%s)", duration_format(ns - first - (ns - first) % NS_PER_S, since));
	strbuf_addf(page->out, "  %*s%s ", (int)(time_width - text_width(time.data)), "", time.data);
	page_tinted(page, priority_tint(priority), page_glyph(page, priority_glyph(priority)));
	strbuf_addc(page->out, ' ');
	page_wrap(page, time_width + 5, time_width + 5, text.data);
}

void report_summary(struct report *report)
{
	const json_t *rows = report_list(report, "summary"), *row;
	size_t i, time_width = 0;
	int64_t first = INT64_MAX;

	if (!json_array_size(rows))
		return;
	json_array_foreach (rows, i, row) {
		AUTO_STRBUF time = STRBUF_INIT;
		int64_t ns;

		report_time_add(report, &time, json_text(row, "time"));
		if (text_width(time.data) > time_width)
			time_width = text_width(time.data);
		if (report_ns(row, "time", &ns) && ns < first)
			first = ns;
	}
	page_head(&report->page, "SUMMARY", NULL);
	json_array_foreach (rows, i, row)
		print_summary_row(report, row, first, time_width);
}
