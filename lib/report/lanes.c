#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "report/axis.h"
#include "report/parts.h"
#include "text/escape.h"

#define LANES_MAX     12
#define COVERAGE_MAX  6
#define LABEL_WIDTH   28 /* columns, a third of a narrow page */
#define PLOT_MIN      24
#define CELL_LINE_MAX REPORT_WIDTH_MAX

/* In the order drawn. entities: which kinds have a lane of their own; cloud lanes go blind when CloudTrail does. */
static const struct lane_kind {
	const char *name;
	const char *entities[4];
	enum glyph line;
	const char *blinded_by; /* what the sources begin with whose gaps hide it */
} lane_kinds[] = {
	{ "image", { "image" }, GLYPH_BLANK, "scan" },
	{ "workload", { "task", "host" }, GLYPH_LINE, "agent" },
	{ "user", { "user", "role", "session", "aws-service" }, GLYPH_DASH, "cloudtrail" },
	{ "cluster", { "cluster" }, GLYPH_LINE, "cloudtrail" },
	{ "trail", { "trail" }, GLYPH_LINE, "cloudtrail" },
};

struct lane {
	const struct lane_kind *kind;
	const json_t *entity; /* or NULL */
	int64_t first, last;
	int64_t deleted_at; /* 0 = not */
};

struct cell {
	enum glyph glyph;
	int priority;
	bool is_mark;
};

struct drawing {
	struct report *report;
	struct axis axis;
	struct lane lanes[LANES_MAX];
	size_t lane_count;
	size_t label_width;
	int64_t end;
};

static const struct lane_kind *find_kind(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_SIZE(lane_kinds); i++) {
		if (strcmp(lane_kinds[i].name, name) == 0)
			return &lane_kinds[i];
	}
	return NULL;
}

static bool has_lane(const struct lane_kind *kind, const json_t *entity)
{
	const char *name = json_text(entity, "kind");

	for (size_t i = 0; name && i < ARRAY_SIZE(kind->entities) && kind->entities[i]; i++) {
		if (strcmp(kind->entities[i], name) == 0)
			return true;
	}
	return false;
}

/* What a lane is called when its rows speak of a file or a process: the only task there is, say. */
static const json_t *entity_of_kind(const struct report *report, const struct lane_kind *kind)
{
	const json_t *entity;
	size_t i;

	json_array_foreach (report_list(report, "entities"), i, entity) {
		if (has_lane(kind, entity))
			return entity;
	}
	return NULL;
}

/* The lane of a kind and entity, made if there is room; NULL if there is none. */
static struct lane *lane_get(struct drawing *drawing, const struct lane_kind *kind, const json_t *entity, bool make)
{
	struct lane *lane;

	for (size_t i = 0; i < drawing->lane_count; i++) {
		lane = &drawing->lanes[i];
		if (lane->kind == kind && lane->entity == entity)
			return lane;
	}
	if (!make || drawing->lane_count == LANES_MAX)
		return NULL;
	lane = &drawing->lanes[drawing->lane_count++];
	*lane = (struct lane){ .kind = kind, .entity = entity, .first = INT64_MAX, .last = INT64_MIN };
	return lane;
}

static struct lane *row_lane(struct drawing *drawing, const json_t *row, bool make)
{
	const struct lane_kind *kind = find_kind(json_text(row, "lane"));
	const json_t *entity = report_entity(drawing->report, json_text(row, "entity"));

	if (!kind)
		return NULL;
	if (!entity || !has_lane(kind, entity))
		entity = entity_of_kind(drawing->report, kind);
	return lane_get(drawing, kind, entity, make);
}

static void lane_extend(struct lane *lane, int64_t ns)
{
	if (ns < lane->first)
		lane->first = ns;
	if (ns > lane->last)
		lane->last = ns;
}

/* link is NULL for the lane of who acted. */
typedef void lane_visit(struct lane *lane, const json_t *row, const json_t *link, void *context);

/* The lane of an entity of a kind that has one, made if there is room. */
static struct lane *entity_lane(struct drawing *drawing, const json_t *entity)
{
	for (size_t i = 0; i < ARRAY_SIZE(lane_kinds); i++) {
		if (has_lane(&lane_kinds[i], entity))
			return lane_get(drawing, &lane_kinds[i], entity, true);
	}
	return NULL;
}

static bool link_has_event(const json_t *link, const char *event)
{
	const json_t *method, *item;
	size_t i, j;

	json_array_foreach (json_object_get(link, "methods"), i, method) {
		json_array_foreach (json_object_get(method, "events"), j, item) {
			if (json_is_string(item) && strcmp(json_string_value(item), event) == 0)
				return true;
		}
	}
	return false;
}

/* What was done stands on the lane of who did it and of what it was done to, wherever the row itself belongs. */
static void each_end(struct drawing *drawing, const json_t *row, lane_visit *visit, void *context)
{
	static const char *const sides[] = { "from", "to" };
	const char *event = json_text(row, "event"), *strength;
	const json_t *link;
	size_t i;

	json_array_foreach (report_list(drawing->report, "links"), i, link) {
		strength = json_text(link, "strength");
		if (!event || !strength ||
		    (strcmp(strength, "performed") != 0 && strcmp(strength, "attempted") != 0) ||
		    !link_has_event(link, event))
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(sides); k++) {
			const json_t *entity = report_entity(drawing->report, json_text(link, sides[k]));
			struct lane *lane = entity ? entity_lane(drawing, entity) : NULL;

			if (lane)
				visit(lane, row, k == 1 ? link : NULL, context);
		}
	}
}

static void extend_lane(struct lane *lane, const json_t *row, const json_t *link, void *context UNUSED)
{
	const char *relation = json_text(link, "relation"), *strength = json_text(link, "strength");
	int64_t ns;

	if (!report_ns(row, "time", &ns))
		return;
	lane_extend(lane, ns);
	if (relation && strcmp(relation, "deleted") == 0 && strcmp(strength, "performed") == 0)
		lane->deleted_at = ns;
}

static int compare_lanes(const void *a, const void *b)
{
	const struct lane *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return (left->first > right->first) - (left->first < right->first);
}

static void collect(struct drawing *drawing)
{
	const json_t *row;
	size_t i;
	int64_t ns;

	json_array_foreach (report_list(drawing->report, "timeline"), i, row) {
		struct lane *lane = row_lane(drawing, row, true);

		if (!report_ns(row, "time", &ns))
			continue;
		axis_add(&drawing->axis, ns);
		if (lane)
			lane_extend(lane, ns);
		each_end(drawing, row, extend_lane, NULL);
	}
	qsort(drawing->lanes, drawing->lane_count, sizeof(drawing->lanes[0]), compare_lanes);
}

/* The drawing ends with the window where something is not known until then, else with the last thing that happened. */
static int64_t find_end(const struct drawing *drawing)
{
	const json_t *window = json_object_get(drawing->report->document, "window"), *gap;
	int64_t end = INT64_MIN, ns;
	size_t i;

	json_array_foreach (report_list(drawing->report, "gaps"), i, gap) {
		if (report_ns(gap, "until", &ns) || report_ns(window, "until", &ns))
			end = ns > end ? ns : end;
	}
	return end;
}

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
	for (size_t i = axis_column(&drawing->axis, from), last = axis_column(&drawing->axis, until); i <= last;
	     i++) {
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
	cell = &marking->cells[axis_column(&marking->drawing->axis, ns)];
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
	from = axis_column(&drawing->axis, first);
	to = axis_column(&drawing->axis, lane->deleted_at ? lane->deleted_at : lane->last);
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
	for (size_t i = 1; i < drawing->axis.count; i++) {
		if (drawing->axis.points[i].after_break && drawing->axis.points[i].ns != drawing->end)
			cells[axis_break_column(&drawing->axis, i)].glyph = GLYPH_BREAK;
	}
}

static void print_cells(const struct drawing *drawing, const struct cell *cells, const char *after, size_t after_at)
{
	struct page *page = &drawing->report->page;
	size_t used = drawing->axis.width;

	while (used && cells[used - 1].glyph == GLYPH_BLANK && !cells[used - 1].is_mark && used > after_at)
		used--;
	for (size_t i = 0; i < used; i++) {
		if (after && i == after_at && i + strlen(after) <= drawing->axis.width) {
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
	struct page *page = &drawing->report->page;
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
	report_entity_add(drawing->report, &whole, lane->entity);
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
	json_array_foreach (report_list(drawing->report, "timeline"), i, row) {
		if (row_lane(drawing, row, false) == lane)
			put_mark(&marking, row);
		each_end(drawing, row, put_end_mark, &marking);
	}
	json_array_foreach (report_list(drawing->report, "gaps"), i, gap) {
		if (starts_with(json_text(gap, "source"), lane->kind->blinded_by))
			hatch(drawing, gap, cells);
	}
	if (lane->deleted_at)
		after = axis_column(&drawing->axis, lane->deleted_at) + 1;
	for (i = after; i < after + sizeof(deleted) - 1 && i < drawing->axis.width; i++) {
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
	covered = axis_column(&drawing->axis, watermark);
	for (size_t i = 0; i < drawing->axis.width; i++)
		cells[i].glyph = i <= covered ? GLYPH_COVERED : has_gap ? GLYPH_BLIND : GLYPH_BLANK;
	report_source_add(drawing->report, &safe, name, true);
	print_label(drawing, "heard", safe.data);
	print_cells(drawing, cells, NULL, 0);
}

/* Times over their marks, as many as fit without touching. */
static void print_times(const struct drawing *drawing)
{
	struct page *page = &drawing->report->page;
	size_t at = 0;
	char text[TIME_TEXT_MAX];

	strbuf_addf(page->out, "  %*s ", (int)drawing->label_width, "");
	for (size_t i = 0; i < drawing->axis.count; i++) {
		size_t column = axis_column(&drawing->axis, drawing->axis.points[i].ns), length;

		time_format(drawing->axis.points[i].ns, 0, text);
		length = 8;
		if (strncmp(text, drawing->report->day, 10) == 0)
			memmove(text, text + 11, 9);
		else
			snprintf(text, sizeof(text), "%.5s", time_format(drawing->axis.points[i].ns, 0, text) + 5);
		text[length] = '\0';
		length = strlen(text);
		if ((at && column < at + 2) || column + length > drawing->axis.width)
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
	struct page *page = &drawing->report->page;
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
	AUTO_STRBUF head = STRBUF_INIT;
	const json_t *source;
	size_t i, shown = 0;

	if (!drawing || !json_array_size(report_list(report, "timeline")))
		return;
	drawing->report = report;
	drawing->label_width = label;
	collect(drawing);
	drawing->end = find_end(drawing);
	axis_close(&drawing->axis, drawing->end, width - label - 3);
	strbuf_addf(&head, "(UTC, %s)", report->day);
	page_head(&report->page, "TIMELINE", head.data);
	if (drawing->axis.width < PLOT_MIN || !drawing->lane_count)
		return;
	print_times(drawing);
	for (i = 0; i < drawing->lane_count; i++)
		print_lane(drawing, &drawing->lanes[i]);
	json_array_foreach (report_list(report, "completeness"), i, source) {
		if (is_coverage_shown(source) && shown++ < COVERAGE_MAX)
			print_coverage(drawing, source);
	}
	print_legend(drawing);
}
