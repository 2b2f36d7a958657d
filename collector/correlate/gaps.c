/*
 * When a source could not be heard. Marks say where silence begins and ends; a gap is what lies between.
 */
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/time.h"
#include "collector/correlate/gaps.h"
#include "collector/correlate/inquiry.h"
#include "json/json.h"

#define GAPS_MAX     50
#define SOURCE_CLOUD "cloudtrail "
#define SOURCE_AGENT "agent "

/* True where the source belongs to an account, or to an agent, that the answer speaks of. */
static bool is_concerned(const struct inquiry *inquiry, const char *source)
{
	size_t agent = strlen(SOURCE_AGENT), cloud = strlen(SOURCE_CLOUD);

	for (size_t i = 0; i < inquiry->node_count && strncmp(source, SOURCE_CLOUD, cloud) == 0; i++) {
		const struct node *node = &inquiry->nodes[i];
		const char *account = node->row.kind == ENTITY_ACCOUNT ? node->row.key : node_fact(node, "account");
		size_t length = account != NULL ? strlen(account) : 0;

		if (node->is_kept && length > 0 && strncmp(source + cloud, account, length) == 0 &&
		    (source[cloud + length] == ' ' || source[cloud + length] == '\0'))
			return true;
	}
	for (size_t i = 0; i < inquiry->event_count && strncmp(source, SOURCE_AGENT, agent) == 0; i++) {
		const struct event_row *row = &inquiry->events[i];

		if (row->event.kind != EVENT_CLOUD && row->origin.agent != NULL &&
		    strcmp(source + agent, row->origin.agent) == 0)
			return true;
	}
	return false;
}

struct window {
	int64_t since, until;
};

static bool overlaps(const struct window *window, const struct mark_row *from, const struct mark_row *until)
{
	return from->at <= window->until && (until == NULL || until->at >= window->since);
}

static json_t *gap_json(struct arena *arena, const struct mark_row *from, const struct mark_row *until)
{
	json_t *json = json_object();
	char time[TIME_TEXT_MAX];

	json_set_text(json, "source", from->source);
	json_set_text(json, "from", time_format_exact(from->at, time));
	json_object_set_new(json, "until",
			    until != NULL ? json_string(time_format_exact(until->at, time)) : json_null());
	json_set_text(json, "reason", from->reason);
	json_set_text(json, "event", event_text(from->event_id, arena));
	json_object_set_new(json, "closed", json_boolean(until != NULL));
	/* management events of the last 90 days can be asked for without a trail */
	json_object_set_new(json, "backfillable",
			    json_boolean(strncmp(from->source, SOURCE_CLOUD, strlen(SOURCE_CLOUD)) == 0));
	return json;
}

static int compare_marks(const void *left, const void *right)
{
	const struct mark_row *a = left;
	const struct mark_row *b = right;
	int order = strcmp(a->source, b->source);

	if (order != 0)
		return order;
	if (a->at != b->at)
		return a->at > b->at ? 1 : -1;
	return memcmp(a->event_id, b->event_id, EVENT_ID_SIZE);
}

/* Sorts the marks. inquiry NULL: whomever they concern. */
static void add_gaps(struct mark_row *marks, size_t count, const struct window *window, const struct inquiry *inquiry,
		     struct arena *arena, json_t *gaps)
{
	const struct mark_row *open = NULL;

	if (count > 0)
		qsort(marks, count, sizeof(*marks), compare_marks);
	for (size_t i = 0; i < count; i++) {
		bool is_last = i + 1 == count || strcmp(marks[i].source, marks[i + 1].source) != 0;
		const struct mark_row *until = NULL;

		/* silence that begins twice began the first time */
		if (marks[i].blind && open == NULL)
			open = &marks[i];
		if (!marks[i].blind)
			until = &marks[i];
		if (open != NULL && (until != NULL || is_last)) {
			if ((inquiry == NULL || is_concerned(inquiry, open->source)) &&
			    overlaps(window, open, until) && json_array_size(gaps) < GAPS_MAX)
				json_array_append_new(gaps, gap_json(arena, open, until));
			open = NULL;
		}
	}
}

json_t *gaps_write(struct inquiry *inquiry, struct err *err)
{
	const struct window window = { inquiry->since, inquiry->until };
	struct mark_row *marks;
	json_t *gaps;
	size_t count;

	if (query_marks(inquiry->store, inquiry->tenant, "", inquiry->arena, &marks, &count, err) < 0) {
		err_wrap(err, "could not read coverage marks");
		return NULL;
	}
	gaps = json_array();
	add_gaps(marks, count, &window, inquiry, inquiry->arena, gaps);
	if (losses_add(inquiry, gaps, err) < 0) {
		json_decref(gaps);
		return NULL;
	}
	return gaps;
}

int gaps_list(const struct gaps_question *question, json_t **ret, struct err *err)
{
	const struct window window = { question->losses.since_ns, question->losses.until_ns };
	struct mark_row *marks;
	size_t count;

	if (query_marks(question->store, question->tenant, "", question->arena, &marks, &count, err) < 0)
		return err_wrap(err, "could not read coverage marks");
	*ret = json_array();
	add_gaps(marks, count, &window, NULL, question->arena, *ret);
	if (losses_list(question, *ret, err) == 0)
		return 0;
	json_decref(*ret);
	*ret = NULL;
	return err->code;
}

/* A gap names a trail, a watermark a region: the trail's ARN tells which. */
static bool has_open_gap(const json_t *gaps, const char *source)
{
	const char *region = strrchr(source, ' ');

	for (size_t i = 0; i < json_array_size(gaps); i++) {
		const json_t *gap = json_array_get(gaps, i);
		const char *of = json_text(gap, "source");
		AUTO_STRBUF part = STRBUF_INIT;

		if (json_is_true(json_object_get(gap, "closed")) || of == NULL)
			continue;
		if (strcmp(of, source) == 0)
			return true;
		strbuf_addf(&part, ":cloudtrail:%s:", region != NULL ? region + 1 : "");
		if (strncmp(source, SOURCE_CLOUD, strlen(SOURCE_CLOUD)) == 0 && strstr(of, part.data) != NULL)
			return true;
	}
	return false;
}

static int compare_watermarks(const void *left, const void *right)
{
	const struct watermark_row *a = left;
	const struct watermark_row *b = right;

	return strcmp(a->source, b->source);
}

json_t *completeness_write(struct inquiry *inquiry, const json_t *gaps, struct err *err)
{
	struct watermark_row *marks;
	json_t *list;
	size_t count;

	if (query_watermarks(inquiry->store, inquiry->tenant, inquiry->arena, &marks, &count, err) < 0) {
		err_wrap(err, "could not read watermarks");
		return NULL;
	}
	if (count > 0)
		qsort(marks, count, sizeof(*marks), compare_watermarks);
	list = json_array();
	for (size_t i = 0; i < count; i++) {
		json_t *json;
		char time[TIME_TEXT_MAX];

		if (strcmp(marks[i].source, "scan") != 0 && !is_concerned(inquiry, marks[i].source))
			continue;
		json = json_object();
		json_set_text(json, "source", marks[i].source);
		json_set_text(json, "watermark", time_format_exact(marks[i].newest, time));
		json_object_set_new(json, "gap", json_boolean(has_open_gap(gaps, marks[i].source)));
		json_array_append_new(list, json);
	}
	return list;
}
