/*
 * What of the streams that the answer is made of was lost on its way: as their senders declare it, and as the numbers of
 * their batches show it.
 */
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "collector/correlate/gaps.h"
#include "collector/correlate/inquiry.h"
#include "json/json.h"

#define STREAMS_MAX 64
#define SETTLED_NS  (60 * NS_PER_S) /* batches come in any order for so long; who says nothing for so long is silent */

struct stream_set {
	uint8_t ids[STREAMS_MAX][STREAM_ID_SIZE];
	size_t count;
};

/* False when there is no room for another one. */
static bool stream_add(struct stream_set *set, const char *text)
{
	uint8_t id[STREAM_ID_SIZE];
	struct err err;

	if (text == NULL || strlen(text) != sizeof(id) * 2 || hex_parse(text, id, sizeof(id), &err) < 0)
		return true;
	for (size_t i = 0; i < set->count; i++) {
		if (memcmp(set->ids[i], id, sizeof(id)) == 0)
			return true;
	}
	if (set->count == STREAMS_MAX)
		return false;
	memcpy(set->ids[set->count++], id, sizeof(id));
	return true;
}

static const char *reason_text(const struct loss_row *row, struct arena *arena)
{
	const char *plural = row->count == 1 ? "" : "s";
	const char *was = row->count == 1 ? "was" : "were";

	switch (row->kind) {
	case LOSS_BATCHES:
		return arena_printf(arena, "%lld batch%s of agent %s never arrived", (long long)row->count,
				    row->count == 1 ? "" : "es", row->agent);
	case LOSS_SPOOL:
		return arena_printf(arena, "the spool of agent %s was lost, and what waited in it", row->agent);
	case LOSS_SILENCE:
		return arena_printf(arena, "agent %s has not been heard since, and did not say that it stops",
				    row->agent);
	default:
		if (row->mode == ORIGIN_CLOUDTRAIL && strcmp(row->reason, DROP_UNREADABLE) == 0)
			return arena_printf(arena, "%lld file%s or record%s of CloudTrail could not be read",
					    (long long)row->count, plural, plural);
		if (row->mode == ORIGIN_CLOUDTRAIL && strcmp(row->reason, DROP_UNREADABLE_FOLDER) == 0)
			return arena_printf(arena, "%lld folder%s of CloudTrail could not be entered",
					    (long long)row->count, plural);
		return arena_printf(arena, "%lld event%s %s lost: %s", (long long)row->count, plural, was,
				    row->reason);
	}
}

static json_t *loss_json(const struct loss_row *row, struct arena *arena)
{
	const char *kind = row->mode == ORIGIN_CLOUDTRAIL ? "cloudtrail" : "agent";
	json_t *json = json_object();
	char time[TIME_TEXT_MAX];

	json_set_text(json, "source", arena_printf(arena, "%s %s", kind, row->agent));
	json_set_text(json, "from", time_format_exact(row->since, time));
	json_object_set_new(json, "until",
			    row->until ? json_string(time_format_exact(row->until, time)) : json_null());
	json_set_text(json, "reason", reason_text(row, arena));
	json_object_set_new(json, "event", json_null());
	json_object_set_new(json, "closed", json_boolean(row->until != 0));
	json_object_set_new(json, "backfillable", json_boolean(row->mode == ORIGIN_CLOUDTRAIL));
	if (row->kind != LOSS_SILENCE)
		json_object_set_new(json, "lost", json_integer(row->count));
	return json;
}

int losses_add(struct inquiry *inquiry, json_t *gaps, struct err *err)
{
	int64_t now = inquiry->query->now_ns ? inquiry->query->now_ns : time_now_ns();
	struct stream_set set = { .count = 0 };
	struct loss_filter filter = { .streams = (const uint8_t(*)[STREAM_ID_SIZE])set.ids,
				      .since_ns = inquiry->since,
				      .until_ns = inquiry->until,
				      .settled_ns = now - SETTLED_NS };
	struct loss_row *rows;
	bool has_room = true;
	size_t count;

	for (size_t i = 0; i < inquiry->event_count; i++)
		has_room &= stream_add(&set, inquiry->events[i].stream);
	if (!has_room)
		cut_add(inquiry, "losses are shown of the first %d streams only", STREAMS_MAX);
	filter.stream_count = set.count;
	if (set.count == 0)
		return 0;
	if (query_losses(inquiry->store, inquiry->tenant, &filter, inquiry->arena, &rows, &count, err) < 0)
		return err_wrap(err, "could not read what was lost");
	for (size_t i = 0; i < count; i++)
		json_array_append_new(gaps, loss_json(&rows[i], inquiry->arena));
	return 0;
}

int losses_list(const struct gaps_question *question, json_t *gaps, struct err *err)
{
	struct loss_filter filter = question->losses;
	struct loss_row *rows;
	size_t count;

	filter.settled_ns = time_now_ns() - SETTLED_NS;
	if (filter.stream_count == 0)
		return 0;
	if (query_losses(question->store, question->tenant, &filter, question->arena, &rows, &count, err) < 0)
		return err_wrap(err, "could not read what was lost");
	for (size_t i = 0; i < count; i++)
		json_array_append_new(gaps, loss_json(&rows[i], question->arena));
	return 0;
}
