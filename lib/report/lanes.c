#include "report/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "json/json.h"

/* In the order drawn; cloud lanes go blind when CloudTrail does. */
static const struct lane_kind lane_kinds[] = {
	{ "image", { "image" }, GLYPH_BLANK, "scan" },
	{ "workload", { "task", "host" }, GLYPH_LINE, "agent" },
	{ "user", { "user", "role", "session", "aws-service" }, GLYPH_DASH, "cloudtrail" },
	{ "cluster", { "cluster" }, GLYPH_LINE, "cloudtrail" },
	{ "trail", { "trail" }, GLYPH_LINE, "cloudtrail" },
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
static struct lane *lane_get(struct lanes *lanes, const struct lane_kind *kind, const json_t *entity, bool make)
{
	struct lane *lane;

	for (size_t i = 0; i < lanes->count; i++) {
		lane = &lanes->rows[i];
		if (lane->kind == kind && lane->entity == entity)
			return lane;
	}
	if (!make || lanes->count == LANES_MAX)
		return NULL;
	lane = &lanes->rows[lanes->count++];
	*lane = (struct lane){ .kind = kind, .entity = entity, .first = INT64_MAX, .last = INT64_MIN };
	return lane;
}

struct lane *lanes_of_row(struct lanes *lanes, const json_t *row, bool make)
{
	const struct lane_kind *kind = find_kind(json_text(row, "lane"));
	const json_t *entity = report_entity(lanes->report, json_text(row, "entity"));

	if (!kind)
		return NULL;
	if (!entity || !has_lane(kind, entity))
		entity = entity_of_kind(lanes->report, kind);
	return lane_get(lanes, kind, entity, make);
}

static void lane_extend(struct lane *lane, int64_t ns)
{
	if (ns < lane->first)
		lane->first = ns;
	if (ns > lane->last)
		lane->last = ns;
}

/* The lane of an entity of a kind that has one, made if there is room. */
static struct lane *entity_lane(struct lanes *lanes, const json_t *entity)
{
	for (size_t i = 0; i < ARRAY_SIZE(lane_kinds); i++) {
		if (has_lane(&lane_kinds[i], entity))
			return lane_get(lanes, &lane_kinds[i], entity, true);
	}
	return NULL;
}

/* Links by the events that show them, so that a row finds what was done by it without looking at all links. */
static void index_acts(struct lanes *lanes)
{
	const json_t *link, *method, *event;
	size_t i, j, k;

	json_array_foreach (report_list(lanes->report, "links"), i, link) {
		const char *strength = json_text(link, "strength");

		if (!strength || (strcmp(strength, "performed") != 0 && strcmp(strength, "attempted") != 0))
			continue;
		json_array_foreach (json_object_get(link, "methods"), j, method) {
			json_array_foreach (json_object_get(method, "events"), k, event) {
				const char *id = json_string_value(event);
				json_t *acts = id ? json_object_get(lanes->acts, id) : NULL;

				if (id && !acts && json_object_set_new(lanes->acts, id, acts = json_array()) < 0)
					continue;
				if (id && json_array_size(acts) < ACTS_MAX)
					json_array_append(acts, (json_t *)link);
			}
		}
	}
}

void lanes_each_end(struct lanes *lanes, const json_t *row, lane_visit *visit, void *context)
{
	static const char *const sides[] = { "from", "to" };
	const char *event = json_text(row, "event");
	const json_t *link;
	size_t i;

	json_array_foreach (event ? json_object_get(lanes->acts, event) : NULL, i, link) {
		for (size_t k = 0; k < ARRAY_SIZE(sides); k++) {
			const json_t *entity = report_entity(lanes->report, json_text(link, sides[k]));
			struct lane *lane = entity ? entity_lane(lanes, entity) : NULL;

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

void lanes_collect(struct lanes *lanes)
{
	const json_t *row;
	size_t i;
	int64_t ns;

	index_acts(lanes);
	json_array_foreach (report_list(lanes->report, "timeline"), i, row) {
		struct lane *lane = lanes_of_row(lanes, row, true);

		if (!report_ns(row, "time", &ns))
			continue;
		axis_add(&lanes->axis, ns);
		if (lane)
			lane_extend(lane, ns);
		lanes_each_end(lanes, row, extend_lane, NULL);
	}
	qsort(lanes->rows, lanes->count, sizeof(lanes->rows[0]), compare_lanes);
}

int64_t lanes_end(const struct lanes *lanes)
{
	const json_t *window = json_object_get(lanes->report->document, "window"), *gap;
	int64_t end = INT64_MIN, ns;
	size_t i;

	json_array_foreach (report_list(lanes->report, "gaps"), i, gap) {
		if (report_ns(gap, "until", &ns) || report_ns(window, "until", &ns))
			end = ns > end ? ns : end;
	}
	return end;
}
