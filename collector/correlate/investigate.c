#include "collector/correlate/investigate.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/time.h"
#include "collector/correlate/inquiry.h"
#include "json/json.h"

static void set_window(struct inquiry *inquiry)
{
	const struct investigate_query *query = inquiry->query;
	int64_t width = query->window_ns > 0 ? query->window_ns : INVESTIGATE_WINDOW_DEFAULT;
	int64_t around = query->around_ns != 0 ? query->around_ns : inquiry->subject.at;

	inquiry->since = around - width / 2;
	inquiry->until = around + width / 2;
	if (query->now_ns > 0 && inquiry->until > query->now_ns)
		inquiry->until = query->now_ns;
}

static json_t *subject_json(const struct inquiry *inquiry)
{
	const struct subject *subject = &inquiry->subject;
	const struct node *node = node_find(inquiry, subject->entity.id);
	json_t *json = json_object();
	char entity[TIME_TEXT_MAX];

	snprintf(entity, sizeof(entity), "%lld", (long long)subject->entity.id);
	json_set_text(json, "kind", subject->kind);
	json_set_text(json, "id", subject->id);
	json_set_text(json, "entity", entity);
	json_set_text(json, "title", subject->form == SUBJECT_ENTITY && node != NULL ? node->name : subject->title);
	return json;
}

static json_t *window_json(const struct inquiry *inquiry)
{
	json_t *json = json_object();
	char time[TIME_TEXT_MAX];

	json_set_text(json, "from", time_format_exact(inquiry->since, time));
	json_set_text(json, "until", time_format_exact(inquiry->until, time));
	return json;
}

static json_t *severity_json(const struct inquiry *inquiry)
{
	int most = -1;

	for (size_t i = 0; i < inquiry->alert_count; i++) {
		if (most < 0 || (int)inquiry->alerts[i].priority < most)
			most = (int)inquiry->alerts[i].priority;
	}
	return most >= 0 ? json_string(priority_name((enum priority)most)) : json_null();
}

static json_t *cut_json(struct inquiry *inquiry)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (inquiry->unshown_reads > 0)
		cut_add(inquiry, "%zu calls that only read are not in the timeline", inquiry->unshown_reads);
	if (inquiry->unshown_activity > 0)
		cut_add(inquiry, "%zu events without alert are not in the timeline", inquiry->unshown_activity);
	for (size_t i = 0; i < inquiry->cut_count; i++)
		strbuf_addf(&text, "%s%s", i > 0 ? "; " : "", inquiry->cuts[i]);
	return text.length > 0 ? json_string(text.data) : json_null();
}

static int write_document(struct inquiry *inquiry, json_t **ret, struct err *err)
{
	AUTO_JSON gaps = gaps_write(inquiry, err);
	AUTO_JSON timeline = gaps != NULL ? timeline_write(inquiry, gaps) : NULL;
	AUTO_JSON completeness = gaps != NULL ? completeness_write(inquiry, gaps, err) : NULL;
	json_t *json;

	if (completeness == NULL)
		return err != NULL && err->code != 0 ? (int)err->code : ERR_FAILED;
	json = json_object();
	json_set_text(json, "reference", inquiry->subject.reference);
	json_object_set_new(json, "subject", subject_json(inquiry));
	json_object_set_new(json, "window", window_json(inquiry));
	json_object_set_new(json, "severity", severity_json(inquiry));
	json_object_set_new(json, "verdict", verdict_write(inquiry));
	json_object_set_new(json, "summary", summary_write(timeline));
	json_object_set_new(json, "alerts", alerts_write(inquiry));
	json_object_set(json, "timeline", timeline);
	json_object_set_new(json, "process_tree", tree_write(inquiry));
	json_object_set_new(json, "entities", entities_write(inquiry));
	json_object_set_new(json, "links", links_write(inquiry));
	json_object_set_new(json, "hidden_links", json_integer((json_int_t)inquiry->hidden_links));
	json_object_set(json, "gaps", gaps);
	json_object_set(json, "completeness", completeness);
	json_object_set_new(json, "cut", cut_json(inquiry));
	json_object_set_new(json, "next", next_write(inquiry));
	*ret = json;
	return 0;
}

int investigate(struct store *store, int64_t tenant, const struct investigate_query *query, json_t **ret_document,
		json_t **ret_candidates, struct err *err)
{
	AUTO_ARENA arena;
	struct inquiry inquiry = { .store = store, .tenant = tenant, .query = query, .arena = &arena };
	int code;

	arena_init(&arena, INQUIRY_ARENA_MAX);
	*ret_document = NULL;
	if (ret_candidates != NULL)
		*ret_candidates = NULL;
	code = reference_resolve(&inquiry, ret_candidates, err);
	if (code < 0)
		return code;
	set_window(&inquiry);
	code = neighbourhood_gather(&inquiry, err);
	if (code >= 0)
		code = associations_add(&inquiry, err);
	if (code >= 0)
		code = deeds_index(&inquiry, err);
	if (code >= 0)
		code = links_build(&inquiry, err);
	if (code >= 0)
		code = evidence_gather(&inquiry, err);
	if (code < 0)
		return err_wrap(err, "could not investigate \"%s\"", query->reference);
	return write_document(&inquiry, ret_document, err);
}

int investigate_entity(struct store *store, int64_t tenant, const char *reference, struct arena *arena,
		       struct entity_row *ret, json_t **ret_candidates, struct err *err)
{
	const struct investigate_query query = { .reference = reference };
	struct inquiry inquiry = { .store = store, .tenant = tenant, .query = &query, .arena = arena };

	*ret_candidates = NULL;
	if (reference_resolve(&inquiry, ret_candidates, err) < 0)
		return err->code;
	*ret = inquiry.subject.entity;
	return 0;
}
