#include <stdio.h>
#include <string.h>

#include "json/json.h"
#include "report/choice.h"
#include "report/parts.h"
#include "text/escape.h"

#define NUMBER_WIDTH 5 /* " 12  " */
#define WORD_WIDTH   9
#define KIND_WIDTH   12
#define NOTE_INDENT  7
#define NARROW	     80
#define CERTAIN	     0.95
#define FOLD_MAX     16 /* relations counted by name */

static bool is_kind(const json_t *link, const char *strength)
{
	const char *text = json_text(link, "strength");

	return text && strcmp(text, strength) == 0;
}

static void add_end(const struct report *report, struct strbuf *line, const json_t *link, const char *side)
{
	char member[16];
	const json_t *entity;

	snprintf(member, sizeof(member), "%s_text", side);
	if (json_text(link, member)) {
		page_escape(&report->page, line, json_text(link, member));
		return;
	}
	entity = report_entity(report, json_text(link, side));
	if (entity)
		report_entity_add(report, line, entity);
	else
		strbuf_addc(line, '?');
}

/* The word as a person says it: "fired in". */
static void add_relation(const struct report *report, struct strbuf *line, const char *relation)
{
	size_t start = line->length;

	page_escape(&report->page, line, relation);
	for (size_t i = start; i < line->length; i++) {
		if (line->data[i] == '_')
			line->data[i] = ' ';
	}
}

/* "badlugo -> deleted cluster x"; an association is drawn as a tie, never as an arrow. */
static void add_ends(const struct report *report, struct strbuf *line, const json_t *link)
{
	const char *relation = json_text(link, "relation");

	add_end(report, line, link, "from");
	strbuf_addf(line, " %s ", is_kind(link, "association") ? "~" : page_glyph(&report->page, GLYPH_ARROW));
	add_relation(report, line, relation);
	strbuf_addc(line, ' ');
	add_end(report, line, link, "to");
}

static void add_labels(const struct report *report, struct strbuf *line, const json_t *events)
{
	size_t count = json_array_size(events), shown = 0;
	char label[LABEL_MAX];

	for (size_t i = 0; i < count && shown < EVIDENCE_PER_LINK; i++) {
		if (!report_label(report, json_string_value(json_array_get(events, i)), label))
			continue;
		strbuf_addf(line, "%s%s", shown ? "," : " ", label);
		shown++;
	}
	if (count > shown)
		strbuf_addf(line, " +%zu", count - shown);
}

static void add_methods(const struct report *report, struct strbuf *line, const json_t *link)
{
	const json_t *method;
	size_t i;

	json_array_foreach (json_object_get(link, "methods"), i, method) {
		if (i)
			strbuf_adds(line, page_glyph(&report->page, GLYPH_DOT));
		page_escape(&report->page, line, json_text(method, "method") ? json_text(method, "method") : "?");
		/* What stood where in the event is worth its room where somebody is said to have acted. */
		if (json_text(method, "detail") && *json_text(method, "detail") && !is_kind(link, "identity")) {
			strbuf_adds(line, " (");
			page_escape(&report->page, line, json_text(method, "detail"));
			strbuf_addc(line, ')');
		}
		add_labels(report, line, json_object_get(method, "events"));
	}
}

static void print_note(struct report *report, const char *head, const char *text)
{
	AUTO_STRBUF line = STRBUF_INIT;

	if (!text || !*text)
		return;
	strbuf_adds(&line, head);
	page_escape(&report->page, &line, text);
	strbuf_addf(report->page.out, "%*s", NOTE_INDENT, "");
	page_wrap(&report->page, NOTE_INDENT, NOTE_INDENT + 2, line.data);
}

/* How a link can be wrong is said where it is not certain. */
static void print_notes(struct report *report, const json_t *link)
{
	const json_t *method;
	size_t i;

	if (json_number_value(json_object_get(link, "confidence")) < CERTAIN) {
		json_array_foreach (json_object_get(link, "methods"), i, method)
			print_note(report, "can be wrong: ", json_text(method, "caveat"));
	}
	print_note(report, "would raise it: ", json_text(link, "raises"));
	print_note(report, "would lower it: ", json_text(link, "lowers"));
}

/* Confidence and kind first: the ends are of any length, and the eye goes down these. */
static void add_rating(const struct report *report, struct strbuf *line, const json_t *link)
{
	AUTO_STRBUF kind = STRBUF_INIT;
	AUTO_STRBUF word = STRBUF_INIT;

	page_escape(&report->page, &word, json_text(link, "word"));
	page_escape(&report->page, &kind, json_text(link, "strength"));
	strbuf_addf(line, "%*lld  %.2f ", NUMBER_WIDTH - 2,
		    (long long)json_integer_value(json_object_get(link, "id")),
		    json_number_value(json_object_get(link, "confidence")));
	page_fit(&report->page, line, word.data, WORD_WIDTH);
	page_fit(&report->page, line, kind.data, KIND_WIDTH);
}

static void print_link(struct report *report, const json_t *link)
{
	struct page *page = &report->page;
	size_t at = NUMBER_WIDTH + 5 + WORD_WIDTH + KIND_WIDTH;
	AUTO_STRBUF rating = STRBUF_INIT;
	AUTO_STRBUF text = STRBUF_INIT;

	add_rating(report, &rating, link);
	add_ends(report, &text, link);
	if (is_kind(link, "association"))
		strbuf_adds(&text, "; NOT cause");
	else if (is_kind(link, "attempted"))
		strbuf_adds(&text, "; not done");
	strbuf_adds(&text, "  [");
	add_methods(report, &text, link);
	strbuf_addc(&text, ']');
	strbuf_adds(page->out, rating.data);
	page_wrap(page, at, page->style.width < NARROW ? NOTE_INDENT : at, text.data);
	print_notes(report, link);
}

struct fold {
	const char *relation;
	size_t count;
};

/* "31 more links that support these: 10 belongs to, 4 fired in ..." */
static void print_folded(struct report *report)
{
	struct fold folds[FOLD_MAX];
	const json_t *link;
	AUTO_STRBUF line = STRBUF_INIT;
	size_t fold_count = 0, total = 0, i, k;

	json_array_foreach (report_list(report, "links"), i, link) {
		const char *relation = json_text(link, "relation");

		if (choice_shows_link(report, link))
			continue;
		total++;
		for (k = 0; k < fold_count && strcmp(folds[k].relation, relation) != 0; k++)
			;
		if (k < fold_count)
			folds[k].count++;
		else if (fold_count < FOLD_MAX)
			folds[fold_count++] = (struct fold){ relation, 1 };
	}
	if (!total)
		return;
	strbuf_addf(&line, "%zu more that support these:", total);
	for (k = 0; k < fold_count; k++) {
		strbuf_addf(&line, "%s %zu ", k ? "," : "", folds[k].count);
		add_relation(report, &line, folds[k].relation);
	}
	strbuf_addf(&line, "%s (--all shows them)", fold_count == FOLD_MAX ? " ..." : "");
	strbuf_adds(report->page.out, "  ");
	page_wrap(&report->page, 2, 4, line.data);
}

/* Place of the link's strength in order; count for one that this version does not know. */
static size_t rank(const json_t *link, const char *const *order, size_t count)
{
	size_t k = 0;

	while (k < count && !is_kind(link, order[k]))
		k++;
	return k;
}

/* What was done first, then what was tried, what is only near, and who is who. */
void report_links(struct report *report)
{
	static const char *const order[] = { "performed", "attempted", "association", "identity" };
	const json_t *links = report_list(report, "links"), *link;
	json_int_t hidden = json_integer_value(json_object_get(report->document, "hidden_links"));
	size_t i;

	if (!json_array_size(links) && !hidden)
		return;
	page_head(&report->page, "LINKS", "(confidence, kind, what is tied to what, method and evidence)");
	for (size_t k = 0; k <= ARRAY_SIZE(order); k++) {
		json_array_foreach (links, i, link) {
			if (rank(link, order, ARRAY_SIZE(order)) == k && choice_shows_link(report, link))
				print_link(report, link);
		}
	}
	print_folded(report);
	if (hidden > 0)
		strbuf_addf(report->page.out, "  hidden: %lld weaker link%s (--min-confidence 0 shows %s)\n",
			    (long long)hidden, hidden == 1 ? "" : "s", hidden == 1 ? "it" : "them");
}

void report_evidence(struct report *report)
{
	struct page *page = &report->page;
	size_t column = 0, entry = 5 + 36 + 2;
	const char *event;
	json_t *number;

	if (!json_object_size(report->labels))
		return;
	page_head(page, "EVIDENCE", "(secctl events get ID prints the event as it was received)");
	json_object_foreach (report->labels, event, number) {
		AUTO_STRBUF safe = STRBUF_INIT;
		char label[LABEL_MAX];

		page_escape(page, &safe, event);
		snprintf(label, sizeof(label), "e%lld", (long long)json_integer_value(number));
		if (column && column + entry > page->style.width) {
			strbuf_addc(page->out, '\n');
			column = 0;
		}
		strbuf_addf(page->out, "  %-4s %s", label, safe.data);
		column += 7 + text_width(safe.data);
	}
	strbuf_addc(page->out, '\n');
}
