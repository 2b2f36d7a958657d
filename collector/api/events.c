#include <string.h>

#include "base/bytes.h"
#include "collector/api/counts.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/correlate/investigate.h"
#include "collector/store/pool.h"
#include "collector/store/query.h"
#include "collector/store/halt.h"
#include "collector/store/rebuild.h"
#include "collector/store/sql.h"
#include "collector/store/writer.h"
#include "json/json.h"

#define LIMIT_DEFAULT 100

/* Dashes stand where RFC 9562 puts them, or nowhere. */
static int parse_uuid(const char *text, uint8_t out[EVENT_ID_SIZE], struct err *err)
{
	char digits[2 * EVENT_ID_SIZE + 1];
	size_t used = 0;
	bool has_dashes = strchr(text, '-');

	for (size_t i = 0; text[i]; i++) {
		bool is_dash_place = has_dashes && (i == 8 || i == 13 || i == 18 || i == 23);

		if (is_dash_place != (text[i] == '-') || used == 2 * EVENT_ID_SIZE)
			return err_set(err, ERR_USAGE, "\"%.64s\" is not the id of an event (a UUID)", text);
		if (!is_dash_place)
			digits[used++] = text[i];
	}
	digits[used] = '\0';
	if (hex_parse(digits, out, EVENT_ID_SIZE, NULL) < 0)
		return err_set(err, ERR_USAGE, "\"%.64s\" is not the id of an event (a UUID)", text);
	return 0;
}

int api_event(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	uint8_t id[EVENT_ID_SIZE];
	struct event_filter filter = { .event_id = id, .limit = 1 };
	struct event_row *rows;
	struct store *store;
	size_t count;
	bool has_more;
	int code;

	if (parse_uuid(request->argument, id, err) < 0 ||
	    pool_take_reading(request->context->pool, TENANT_LOCAL, &store, err) < 0)
		return err->code;
	code = query_events(store, TENANT_LOCAL, &filter, request->arena, &rows, &count, &has_more, err);
	pool_give(request->context->pool, store);
	if (code < 0)
		return code;
	if (count == 0)
		return err_set(err, ERR_NOT_FOUND, "there is no event \"%.64s\"", request->argument);
	*ret = event_json(rows);
	return 0;
}

/* A task or a host is where something happened, everything else is who did it. */
static void set_entity(struct event_filter *filter, const struct entity_row *entity)
{
	if (entity->kind == ENTITY_TASK || entity->kind == ENTITY_HOST)
		filter->task_id = entity->id;
	else
		filter->actor_id = entity->id;
}

static int read_filter(const struct request *request, uint8_t before[EVENT_ID_SIZE], struct event_filter *ret,
		       struct err *err)
{
	const char *order = request_text(request, "order"), *id = request_text(request, "before");

	*ret = (struct event_filter){ .since_ns = request_number(request, "since", 0),
				      .until_ns = request_number(request, "until", 0),
				      .is_newest_first = !order || strcmp(order, "newest") == 0,
				      .limit = (size_t)request_number(request, "limit", LIMIT_DEFAULT) };
	if (!request_text(request, "ref"))
		return err_set(err, ERR_USAGE, "parameter \"ref\" is missing");
	if (!ret->is_newest_first && strcmp(order, "oldest") != 0)
		return err_set(err, ERR_USAGE, "order is \"%.32s\", but must be newest or oldest", order);
	if (!id)
		return 0;
	if (!ret->until_ns || !ret->is_newest_first)
		return err_set(err, ERR_USAGE,
			       "\"before\" needs the newest first, and that event's time as \"until\"");
	ret->before_id = before;
	return parse_uuid(id, before, err);
}

static int read_events(struct store *store, const struct request *request, struct event_filter *filter, json_t **ret,
		       json_t **ret_candidates, struct err *err)
{
	struct entity_row entity;
	struct event_row *rows;
	json_t *events;
	size_t count;
	bool has_more;

	if (investigate_entity(store, TENANT_LOCAL, request_text(request, "ref"), request->arena, &entity,
			       ret_candidates, err) < 0)
		return err->code;
	set_entity(filter, &entity);
	if (query_events(store, TENANT_LOCAL, filter, request->arena, &rows, &count, &has_more, err) < 0)
		return err->code;
	events = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(events, event_json(&rows[i]));
	*ret = json_pack("{s:o, s:b}", "events", events, "more", (int)has_more);
	return 0;
}

int api_events(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err)
{
	uint8_t before[EVENT_ID_SIZE];
	struct event_filter filter;
	json_t *candidates = NULL;
	struct store *store;
	int code;

	if (read_filter(request, before, &filter, err) < 0 ||
	    pool_take_reading(request->context->pool, TENANT_LOCAL, &store, err) < 0)
		return err->code;
	code = read_events(store, request, &filter, ret, &candidates, err);
	pool_give(request->context->pool, store);
	if (code < 0 && candidates)
		return answer_candidates(candidates, err->message, ret, ret_status);
	return code;
}

int api_scan(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err)
{
	uint8_t id[EVENT_ID_SIZE];
	char text[UUID_TEXT_MAX];
	struct store *store;
	bool is_repeated;
	int code;

	if (!request->body_length)
		return err_set(err, ERR_USAGE, "the body is empty, but must be the scan's JSON document");
	if (pool_take(request->context->write_pool, &store, err) < 0)
		return err->code;
	code = write_scan(store, request->context->partitions, TENANT_LOCAL, request->body, request->body_length, id,
			  &is_repeated, err);
	pool_give(request->context->write_pool, store);
	if (code < 0)
		return code;
	*ret_status = is_repeated ? 200 : 201;
	*ret = json_pack("{s:s, s:b}", "event", uuid_format(id, text), "repeated", (int)is_repeated);
	return 0;
}

int api_rebuild(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	struct halt *halt = request->context->halt;
	uint64_t events, underived;
	struct halt_work *work;
	struct store *store;
	int code;

	if (pool_take(request->context->write_pool, &store, err) < 0)
		return err->code;
	code = halt_enter(halt, store, &work, err);
	if (code == 0)
		code = rebuild(store, TENANT_LOCAL, &events, &underived, err);
	halt_leave(halt, work);
	if (code == 0)
		code = counts_read(store, request->arena, ret, err);
	pool_give(request->context->write_pool, store);
	if (code == 0) {
		json_object_set_new(*ret, "events", json_integer((json_int_t)events));
		json_object_set_new(*ret, "underived", json_integer((json_int_t)underived));
	}
	return code;
}
