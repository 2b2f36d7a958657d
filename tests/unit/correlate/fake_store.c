#include "fake_store.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json/json.h"

#define ROWS_MAX 131072

struct fake_alias {
	int64_t entity;
	enum entity_kind kind;
	const char *alias;
};

struct store {
	struct arena arena;
	struct event_row events[ROWS_MAX];
	struct entity_row entities[ROWS_MAX];
	struct fact_row facts[ROWS_MAX];
	struct fake_alias aliases[ROWS_MAX];
	struct assertion_row assertions[ROWS_MAX];
	struct alert_row alerts[ROWS_MAX];
	struct mark_row marks[ROWS_MAX];
	struct watermark_row watermarks[ROWS_MAX];
	struct loss_row loss; /* of the only stream there is */
	size_t event_count, entity_count, fact_count, alias_count, assertion_count, alert_count, mark_count,
		watermark_count;
};

struct store *fake_store_new(void)
{
	struct store *store = calloc(1, sizeof(*store));

	arena_init(&store->arena, 256u << 20);
	return store;
}

void fake_store_free(struct store *store)
{
	if (store == NULL)
		return;
	arena_fini(&store->arena);
	free(store);
}

static void keep_entity(struct store *store, const struct derived_entity *row, int64_t at)
{
	for (size_t i = 0; i < store->entity_count; i++) {
		struct entity_row *known = &store->entities[i];

		if (known->id != row->id)
			continue;
		known->first_seen = at < known->first_seen ? at : known->first_seen;
		known->last_seen = at > known->last_seen ? at : known->last_seen;
		return;
	}
	store->entities[store->entity_count++] = (struct entity_row){
		.id = row->id, .kind = row->kind, .key = row->key, .first_seen = at, .last_seen = at
	};
}

static void keep_fact(struct store *store, const struct derived_fact *row, const struct fake_event *event)
{
	struct fact_row fact = {
		.entity = row->entity, .fact = row->fact, .value = row->value, .at = event->event.time_ns
	};

	memcpy(fact.event_id, event->event_id, EVENT_ID_SIZE);
	for (size_t i = 0; i < store->fact_count; i++) {
		struct fact_row *known = &store->facts[i];

		if (known->entity != row->entity || strcmp(known->fact, row->fact) != 0)
			continue;
		if (fact.at > known->at ||
		    (fact.at == known->at && memcmp(fact.event_id, known->event_id, EVENT_ID_SIZE) > 0))
			*known = fact;
		return;
	}
	store->facts[store->fact_count++] = fact;
}

static void keep_alert(struct store *store, const struct fake_event *event, const struct derived *rows, size_t index)
{
	const struct alert *alert = &event->event.alerts[index];
	struct alert_row row = { .time_ns = event->event.time_ns,
				 .rule = alert->rule,
				 .rule_version = alert->rule_version,
				 .source = alert->source,
				 .output = alert->output,
				 .priority = alert->priority,
				 .severity = alert->severity,
				 .tags_json = "[]",
				 .policies_json = "[]",
				 .responses_json = "[]",
				 .fields_json = "{}",
				 .task_id = rows->task_id,
				 .cluster_id = rows->cluster_id,
				 .actor_id = rows->actor_id,
				 .container_id = rows->container_id };
	char id[ALERT_ID_MAX];

	row.id = arena_dup(&store->arena, alert_id(event->event_id, alert->rule, alert->rule_version, id));
	memcpy(row.event_id, event->event_id, EVENT_ID_SIZE);
	store->alerts[store->alert_count++] = row;
}

static void keep_watermark(struct store *store, const char *source, int64_t at)
{
	for (size_t i = 0; i < store->watermark_count; i++) {
		struct watermark_row *known = &store->watermarks[i];

		if (strcmp(known->source, source) == 0) {
			known->newest = at > known->newest ? at : known->newest;
			return;
		}
	}
	store->watermarks[store->watermark_count++] = (struct watermark_row){ source, at };
}

static void keep_event(struct store *store, const struct fake_event *event, const struct derived *rows)
{
	struct event_row row = { .kind = event->event.kind,
				 .type = event->event.type,
				 .task_id = rows->task_id,
				 .actor_id = rows->actor_id,
				 .event = event->event,
				 .stream = event->scan_json ? NULL : FAKE_STREAM,
				 .scan_json = event->scan_json };

	memcpy(row.event_id, event->event_id, EVENT_ID_SIZE);
	if (event->origin != NULL)
		row.origin = *event->origin;
	if (event->scan_json != NULL)
		row.scan_json_length = strlen(event->scan_json);
	store->events[store->event_count++] = row;
}

static void keep_rows(struct store *store, const struct fake_event *event, const struct derived *rows)
{
	int64_t at = event->event.time_ns;

	for (size_t i = 0; i < rows->entity_count; i++)
		keep_entity(store, &rows->entities[i], at);
	for (size_t i = 0; i < rows->fact_count; i++)
		keep_fact(store, &rows->facts[i], event);
	for (size_t i = 0; i < rows->alias_count; i++)
		store->aliases[store->alias_count++] =
			(struct fake_alias){ rows->aliases[i].entity, rows->aliases[i].kind, rows->aliases[i].alias };
	for (size_t i = 0; i < rows->assertion_count; i++) {
		const struct derived_assertion *found = &rows->assertions[i];
		struct assertion_row row = {
			found->from,   found->to,	found->relation,   link_methods[found->method].method,
			found->detail, found->strength, found->confidence, at,
			{ 0 }
		};

		memcpy(row.event_id, event->event_id, EVENT_ID_SIZE);
		store->assertions[store->assertion_count++] = row;
	}
	for (size_t i = 0; i < rows->mark_count; i++) {
		struct mark_row row = {
			rows->marks[i].source, rows->marks[i].reason, { 0 }, at, rows->marks[i].blind
		};

		memcpy(row.event_id, event->event_id, EVENT_ID_SIZE);
		store->marks[store->mark_count++] = row;
	}
	for (size_t i = 0; i < event->event.alert_count; i++)
		keep_alert(store, event, rows, i);
	keep_watermark(store, rows->watermark, at);
}

void fake_store_add(struct store *store, const struct fake_event *event)
{
	static struct derived rows;
	struct derive_input input = { .origin = event->origin,
				      .stream = "00ff",
				      .event = &event->event,
				      .scan_json = event->scan_json,
				      .scan_json_length = event->scan_json != NULL ? strlen(event->scan_json) : 0 };
	struct err err = { 0 };

	for (size_t i = 0; i < store->event_count; i++) {
		if (memcmp(store->events[i].event_id, event->event_id, EVENT_ID_SIZE) == 0)
			return;
	}
	memcpy(input.event_id, event->event_id, EVENT_ID_SIZE);
	if (derive_event(&input, &store->arena, &rows, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		abort();
	}
	keep_event(store, event, &rows);
	keep_rows(store, event, &rows);
	assert(store->assertion_count < ROWS_MAX - DERIVED_MAX && store->alias_count < ROWS_MAX - DERIVED_MAX);
}

static bool in_time(int64_t at, int64_t since, int64_t until)
{
	return (since == 0 || at >= since) && (until == 0 || at <= until);
}

static bool is_among(int64_t id, const int64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

static bool is_about(const struct alert_row *row, const struct alert_filter *filter)
{
	if (filter->task_id == 0 && filter->cluster_id == 0 && filter->actor_id == 0)
		return true;
	return (filter->task_id != 0 && row->task_id == filter->task_id) ||
	       (filter->cluster_id != 0 && row->cluster_id == filter->cluster_id) ||
	       (filter->actor_id != 0 && row->actor_id == filter->actor_id);
}

static bool is_wanted(const struct alert_row *row, const struct alert_filter *filter)
{
	if (!in_time(row->time_ns, filter->since_ns, filter->until_ns) || !is_about(row, filter))
		return false;
	if (filter->id_prefix != NULL && strncmp(row->id, filter->id_prefix, strlen(filter->id_prefix)) != 0)
		return false;
	if (filter->event_id != NULL && memcmp(row->event_id, filter->event_id, EVENT_ID_SIZE) != 0)
		return false;
	return (int)row->priority <= filter->priority_max &&
	       (filter->rule == NULL || strcmp(row->rule, filter->rule) == 0);
}

static int newest_first(const void *left, const void *right)
{
	const struct alert_row *a = left;
	const struct alert_row *b = right;

	if (a->time_ns != b->time_ns)
		return a->time_ns < b->time_ns ? 1 : -1;
	return strcmp(a->id, b->id);
}

static int oldest_first(const void *left, const void *right)
{
	const struct event_row *a = left;
	const struct event_row *b = right;

	if (a->event.time_ns != b->event.time_ns)
		return a->event.time_ns > b->event.time_ns ? 1 : -1;
	return memcmp(a->event_id, b->event_id, EVENT_ID_SIZE);
}

int query_alerts(struct store *store, int64_t tenant, const struct alert_filter *filter, struct arena *arena,
		 struct alert_row **ret, size_t *ret_count, bool *ret_more, struct err *err)
{
	AUTO_FREE struct alert_row *rows = calloc(store->alert_count + 1, sizeof(*rows));
	size_t count = 0;

	(void)tenant;
	(void)err;
	for (size_t i = 0; i < store->alert_count; i++) {
		if (is_wanted(&store->alerts[i], filter))
			rows[count++] = store->alerts[i];
	}
	qsort(rows, count, sizeof(*rows), newest_first);
	*ret_more = count > filter->limit;
	*ret_count = count < filter->limit ? count : filter->limit;
	*ret = NULL;
	if (*ret_count > 0)
		*ret = (void *)arena_copy(arena, (const char *)rows, *ret_count * sizeof(*rows));
	return 0;
}

int query_events(struct store *store, int64_t tenant, const struct event_filter *filter, struct arena *arena,
		 struct event_row **ret, size_t *ret_count, bool *ret_more, struct err *err)
{
	AUTO_FREE struct event_row *rows = calloc(store->event_count + 1, sizeof(*rows));
	size_t count = 0;

	(void)tenant;
	(void)err;
	for (size_t i = 0; i < store->event_count; i++) {
		const struct event_row *row = &store->events[i];

		if (!in_time(row->event.time_ns, filter->since_ns, filter->until_ns))
			continue;
		if (filter->event_id != NULL && memcmp(row->event_id, filter->event_id, EVENT_ID_SIZE) != 0)
			continue;
		if ((filter->task_id != 0 || filter->actor_id != 0) &&
		    !(filter->task_id != 0 && row->task_id == filter->task_id) &&
		    !(filter->actor_id != 0 && row->actor_id == filter->actor_id))
			continue;
		rows[count++] = *row;
	}
	qsort(rows, count, sizeof(*rows), oldest_first);
	*ret_more = count > filter->limit;
	*ret_count = count < filter->limit ? count : filter->limit;
	*ret = NULL;
	if (*ret_count > 0)
		*ret = (void *)arena_copy(arena, (const char *)rows, *ret_count * sizeof(*rows));
	return 0;
}

int query_entities(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, struct arena *arena,
		   struct entity_row **ret, size_t *ret_count, struct err *err)
{
	struct entity_row *rows = arena_array(arena, struct entity_row, store->entity_count + 1);
	size_t count = 0;

	(void)tenant;
	(void)err;
	for (size_t i = 0; i < store->entity_count; i++) {
		if (is_among(store->entities[i].id, ids, id_count))
			rows[count++] = store->entities[i];
	}
	*ret_count = count;
	*ret = *ret_count > 0 ? rows : NULL;
	return 0;
}

static bool is_named(const struct store *store, const struct entity_row *row, const char *text, bool is_prefix)
{
	size_t length = is_prefix ? strlen(text) : SIZE_MAX;

	if (strncmp(row->key, text, length) == 0)
		return true;
	for (size_t i = 0; i < store->alias_count; i++) {
		if (store->aliases[i].entity == row->id && strncmp(store->aliases[i].alias, text, length) == 0)
			return true;
	}
	return false;
}

int query_entities_named(struct store *store, int64_t tenant, int kind, const char *text, bool is_prefix,
			 size_t limit, struct arena *arena, struct entity_row **ret, size_t *ret_count,
			 struct err *err)
{
	struct entity_row *rows = arena_array(arena, struct entity_row, store->entity_count + 1);
	size_t count = 0;

	(void)tenant;
	(void)err;
	for (size_t i = 0; i < store->entity_count && count < limit; i++) {
		const struct entity_row *row = &store->entities[i];

		if ((kind < 0 || (int)row->kind == kind) && is_named(store, row, text, is_prefix))
			rows[count++] = *row;
	}
	*ret_count = count;
	*ret = *ret_count > 0 ? rows : NULL;
	return 0;
}

int query_facts(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, struct arena *arena,
		struct fact_row **ret, size_t *ret_count, struct err *err)
{
	struct fact_row *rows = arena_array(arena, struct fact_row, store->fact_count + 1);
	size_t count = 0;

	(void)tenant;
	(void)err;
	for (size_t i = 0; i < store->fact_count; i++) {
		if (is_among(store->facts[i].entity, ids, id_count))
			rows[count++] = store->facts[i];
	}
	*ret_count = count;
	*ret = *ret_count > 0 ? rows : NULL;
	return 0;
}

int query_assertions(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count, int64_t since_ns,
		     int64_t until_ns, size_t limit, struct arena *arena, struct assertion_row **ret,
		     size_t *ret_count, bool *ret_more, struct err *err)
{
	struct assertion_row *rows = arena_array(arena, struct assertion_row, store->assertion_count + 1);
	size_t count = 0;

	(void)tenant;
	(void)err;
	for (size_t i = 0; i < store->assertion_count; i++) {
		const struct assertion_row *row = &store->assertions[i];

		if (in_time(row->at, since_ns, until_ns) &&
		    (is_among(row->from, ids, id_count) || is_among(row->to, ids, id_count)))
			rows[count++] = *row;
	}
	*ret_more = count > limit;
	*ret_count = count < limit ? count : limit;
	*ret = *ret_count > 0 ? rows : NULL;
	return 0;
}

static int newest_deed_first(const void *left, const void *right)
{
	const struct assertion_row *a = left;
	const struct assertion_row *b = right;

	if (a->at != b->at)
		return a->at < b->at ? 1 : -1;
	return memcmp(a->event_id, b->event_id, EVENT_ID_SIZE);
}

int query_deeds(struct store *store, int64_t tenant, const int64_t *ids, size_t id_count,
		const struct assertion_filter *filter, struct arena *arena, struct assertion_row **ret,
		size_t *ret_count, bool *ret_more, struct err *err)
{
	size_t count = 0;
	int code = query_assertions(store, tenant, ids, id_count, filter->since_ns, filter->until_ns, SIZE_MAX, arena,
				    ret, ret_count, ret_more, err);

	for (size_t i = 0; i < *ret_count; i++) {
		if ((*ret)[i].strength == STRENGTH_PERFORMED || (*ret)[i].strength == STRENGTH_ATTEMPTED)
			(*ret)[count++] = (*ret)[i];
	}
	if (count > 0)
		qsort(*ret, count, sizeof(**ret), newest_deed_first);
	*ret_more = count > filter->limit;
	*ret_count = count < filter->limit ? count : filter->limit;
	return code;
}

int query_marks(struct store *store, int64_t tenant, const char *prefix, struct arena *arena, struct mark_row **ret,
		size_t *ret_count, struct err *err)
{
	struct mark_row *rows = arena_array(arena, struct mark_row, store->mark_count + 1);
	size_t count = 0;

	(void)tenant;
	(void)err;
	for (size_t i = 0; i < store->mark_count; i++) {
		if (strncmp(store->marks[i].source, prefix, strlen(prefix)) == 0)
			rows[count++] = store->marks[i];
	}
	*ret_count = count;
	*ret = *ret_count > 0 ? rows : NULL;
	return 0;
}

int query_watermarks(struct store *store, int64_t tenant, struct arena *arena, struct watermark_row **ret,
		     size_t *ret_count, struct err *err)
{
	struct watermark_row *rows = arena_array(arena, struct watermark_row, store->watermark_count + 1);

	(void)tenant;
	(void)err;
	memcpy(rows, store->watermarks, store->watermark_count * sizeof(*rows));
	*ret_count = store->watermark_count;
	*ret = *ret_count > 0 ? rows : NULL;
	return 0;
}

void fake_store_lose(struct store *store, const struct loss_row *loss)
{
	store->loss = *loss;
}

int query_losses(struct store *store, int64_t tenant, const struct loss_filter *filter, struct arena *arena,
		 struct loss_row **ret, size_t *ret_count, struct err *err)
{
	struct loss_row *row = arena_array(arena, struct loss_row, 1);

	(void)tenant;
	(void)err;
	*row = store->loss;
	*ret = row;
	*ret_count = row->agent && filter->stream_count == 1 && filter->streams[0][0] == 0xff &&
		     row->since <= filter->until_ns && row->until >= filter->since_ns;
	return 0;
}
