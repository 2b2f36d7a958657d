#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "report/lanes.h"
#include "text/escape.h"

#define COVERAGE_MAX  6
#define LABEL_WIDTH   28 /* columns, a third of a narrow page */
#define PLOT_MIN      24
#define CELL_LINE_MAX REPORT_WIDTH_MAX

struct cell {
	enum glyph glyph;
	int priority;
	bool is_mark;
};

struct drawing {
	struct lanes lanes;
	size_t label_width;
	int64_t end;
};

static bool starts_with(const char *text, const char *prefix)
{
	return text && strncmp(text, prefix, strlen(prefix)) == 0;
}

static void hatch(const struct drawing *drawing, const json_t *gap, struct cell *cells)
{
	int64_t from, until;

	if (!report_ns(gap, "from", &from))
		return;
	if (!report_ns(gap, "until", &until))
		until = drawing->end > from ? drawing->end : from;
	for (size_t i = axis_column(&drawing->lanes.axis, from), last = axis_column(&drawing->lanes.axis, until);
	     i <= last; i++) {
		if (!cells[i].is_mark)
			cells[i].glyph = GLYPH_BLIND;
	}
}

struct marking {
	const struct drawing *drawing;
	const struct lane *lane;
	struct cell *cells;
};

static void put_mark(const struct marking *marking, const json_t *row)
{
	int priority = report_priority(row);
	struct cell *cell;
	int64_t ns;

	if (!report_ns(row, "time", &ns))
		return;
	cell = &marking->cells[axis_column(&marking->drawing->lanes.axis, ns)];
	if (cell->is_mark && cell->priority >= 0 && (priority < 0 || priority > cell->priority))
		return;
	*cell = (struct cell){ .glyph = priority_glyph(priority), .priority = priority, .is_mark = true };
}

static void put_end_mark(struct lane *lane, const json_t *row, const json_t *link UNUSED, void *context)
{
	const struct marking *marking = context;

	if (lane == marking->lane)
		put_mark(marking, row);
}

static void draw_life(const struct drawing *drawing, const struct lane *lane, struct cell *cells)
{
	int64_t first = lane->first, seen;
	size_t from, to;

	if (lane->kind->line == GLYPH_BLANK || lane->first > lane->last)
		return;
	if (lane->entity && report_ns(lane->entity, "first_seen", &seen) && seen < first)
		first = seen;
	from = axis_column(&drawing->lanes.axis, first);
	to = axis_column(&drawing->lanes.axis, lane->deleted_at ? lane->deleted_at : lane->last);
	for (size_t i = from; i <= to; i++) {
		if (cells[i].glyph != GLYPH_BREAK)
			cells[i].glyph = i == from ? GLYPH_START : i == to ? GLYPH_END : lane->kind->line;
	}
}

/* Every lane starts empty but for where time is left out. */
static void clear_cells(const struct drawing *drawing, struct cell *cells)
{
	for (size_t i = 0; i <= CELL_LINE_MAX; i++)
		cells[i] = (struct cell){ .glyph = GLYPH_BLANK, .priority = -1 };
	for (size_t i = 1; i < drawing->lanes.axis.count; i++) {
		if (drawing->lanes.axis.points[i].after_break && drawing->lanes.axis.points[i].ns != drawing->end)
			cells[axis_break_column(&drawing->lanes.axis, i)].glyph = GLYPH_BREAK;
	}
}

static void print_cells(const struct drawing *drawing, const struct cell *cells, const char *after, size_t after_at)
{
	struct page *page = &drawing->lanes.report->page;
	size_t used = drawing->lanes.axis.width;

	while (used && cells[used - 1].glyph == GLYPH_BLANK && !cells[used - 1].is_mark && used > after_at)
		used--;
	for (size_t i = 0; i < used; i++) {
		if (after && i == after_at && i + strlen(after) <= drawing->lanes.axis.width) {
			strbuf_adds(page->out, after);
			i += strlen(after) - 1;
			continue;
		}
		if (cells[i].is_mark)
			page_tinted(page, priority_tint(cells[i].priority), page_glyph(page, cells[i].glyph));
		else
			strbuf_adds(page->out, page_glyph(page, cells[i].glyph));
	}
	strbuf_addc(page->out, '\n');
}

static void print_label(const struct drawing *drawing, const char *kind, const char *safe_name)
{
	struct page *page = &drawing->lanes.report->page;
	AUTO_STRBUF line = STRBUF_INIT;

	strbuf_addf(&line, "%-9s", kind);
	page_fit(page, &line, safe_name, drawing->label_width - 9);
	strbuf_addf(page->out, "  %s ", line.data);
}

static void lane_name(const struct drawing *drawing, const struct lane *lane, struct strbuf *name)
{
	AUTO_STRBUF whole = STRBUF_INIT;
	const char *start;

	if (!lane->entity)
		return;
	report_entity_add(drawing->lanes.report, &whole, lane->entity);
	start = strchr(whole.data, ' ');
	/* The registry's address tells nothing here that the name of the image does not. */
	if (start && strcmp(lane->kind->name, "image") == 0 && strrchr(start, '/'))
		start = strrchr(start, '/');
	strbuf_adds(name, start ? start + 1 : whole.data);
}

static void print_lane(struct drawing *drawing, const struct lane *lane)
{
	static const char deleted[] = " deleted";
	struct cell cells[CELL_LINE_MAX + 1];
	struct marking marking = { drawing, lane, cells };
	AUTO_STRBUF name = STRBUF_INIT;
	const json_t *row, *gap;
	size_t i, after = SIZE_MAX;

	clear_cells(drawing, cells);
	draw_life(drawing, lane, cells);
	json_array_foreach (report_list(drawing->lanes.report, "timeline"), i, row) {
		if (lanes_of_row(&drawing->lanes, row, false) == lane)
			put_mark(&marking, row);
		lanes_each_end(&drawing->lanes, row, put_end_mark, &marking);
	}
	json_array_foreach (report_list(drawing->lanes.report, "gaps"), i, gap) {
		if (starts_with(json_text(gap, "source"), lane->kind->blinded_by))
			hatch(drawing, gap, cells);
	}
	if (lane->deleted_at)
		after = axis_column(&drawing->lanes.axis, lane->deleted_at) + 1;
	for (i = after; i < after + sizeof(deleted) - 1 && i < drawing->lanes.axis.width; i++) {
		if (cells[i].is_mark)
			after = SIZE_MAX;
	}
	lane_name(drawing, lane, &name);
	print_label(drawing, lane->kind->name, name.data);
	print_cells(drawing, cells, after == SIZE_MAX ? NULL : deleted, after == SIZE_MAX ? 0 : after);
}

/* Only where blindness shows: agents, and sources with a gap; "Data complete to" has all. */
static bool is_coverage_shown(const json_t *source)
{
	return json_is_true(json_object_get(source, "gap")) || starts_with(json_text(source, "source"), "agent");
}

static void print_coverage(struct drawing *drawing, const json_t *source)
{
	struct cell cells[CELL_LINE_MAX + 1];
	const char *name = json_text(source, "source");
	bool has_gap = json_is_true(json_object_get(source, "gap"));
	AUTO_STRBUF safe = STRBUF_INIT;
	int64_t watermark;
	size_t covered;

	if (!name || !report_ns(source, "watermark", &watermark))
		return;
	clear_cells(drawing, cells);
	covered = axis_column(&drawing->lanes.axis, watermark);
	for (size_t i = 0; i < drawing->lanes.axis.width; i++)
		cells[i].glyph = i <= covered ? GLYPH_COVERED : has_gap ? GLYPH_BLIND : GLYPH_BLANK;
	report_source_add(drawing->lanes.report, &safe, name, true);
	print_label(drawing, "heard", safe.data);
	print_cells(drawing, cells, NULL, 0);
}

/* Times over their marks, as many as fit without touching. */
static void print_times(const struct drawing *drawing)
{
	struct page *page = &drawing->lanes.report->page;
	size_t at = 0;
	char text[TIME_TEXT_MAX];

	strbuf_addf(page->out, "  %*s ", (int)drawing->label_width, "");
	for (size_t i = 0; i < drawing->lanes.axis.count; i++) {
		size_t column = axis_column(&drawing->lanes.axis, drawing->lanes.axis.points[i].ns), length;

		time_format(drawing->lanes.axis.points[i].ns, 0, text);
		length = 8;
		if (strncmp(text, drawing->lanes.report->day, 10) == 0)
			memmove(text, text + 11, 9);
		else
			snprintf(text, sizeof(text), "%.5s",
				 time_format(drawing->lanes.axis.points[i].ns, 0, text) + 5);
		text[length] = '\0';
		length = strlen(text);
		if ((at && column < at + 2) || column + length > drawing->lanes.axis.width)
			continue;
		strbuf_addf(page->out, "%*s%s", (int)(column - at), "", text);
		at = column + length;
	}
	strbuf_addc(page->out, '\n');
}

static void print_legend(const struct drawing *drawing)
{
	static const struct {
		enum glyph glyph;
		const char *text;
	} rows[] = {
		{ GLYPH_CRITICAL, "critical" },	  { GLYPH_ERROR, "error" },    { GLYPH_WARNING, "warning" },
		{ GLYPH_NOTICE, "notice" },	  { GLYPH_PLAIN, "no alert" }, { GLYPH_BLIND, "no data" },
		{ GLYPH_BREAK, "time left out" },
	};
	struct page *page = &drawing->lanes.report->page;
	AUTO_STRBUF line = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		strbuf_addf(&line, "%s%s %s", i ? "  " : "", page_glyph(page, rows[i].glyph), rows[i].text);
	strbuf_adds(page->out, "  ");
	page_wrap(page, 2, 2, line.data);
}

void report_lanes(struct report *report)
{
	size_t width = report->page.style.width, label = width / 3 < LABEL_WIDTH ? width / 3 : LABEL_WIDTH;
	AUTO_FREE struct drawing *drawing = calloc(1, sizeof(*drawing));
	AUTO_JSON acts = json_object();
	AUTO_STRBUF head = STRBUF_INIT;
	const json_t *source;
	size_t i, shown = 0;

	if (!drawing || !json_array_size(report_list(report, "timeline")))
		return;
	drawing->lanes.report = report;
	drawing->lanes.acts = acts;
	drawing->label_width = label;
	lanes_collect(&drawing->lanes);
	drawing->end = lanes_end(&drawing->lanes);
	axis_close(&drawing->lanes.axis, drawing->end, width - label - 3);
	strbuf_addf(&head, "(UTC, %s)", report->day);
	page_head(&report->page, "TIMELINE", head.data);
	if (drawing->lanes.axis.width < PLOT_MIN || !drawing->lanes.count)
		return;
	print_times(drawing);
	for (i = 0; i < drawing->lanes.count; i++)
		print_lane(drawing, &drawing->lanes.rows[i]);
	json_array_foreach (report_list(report, "completeness"), i, source) {
		if (is_coverage_shown(source) && shown++ < COVERAGE_MAX)
			print_coverage(drawing, source);
	}
	print_legend(drawing);
}
