#include <string.h>

#include "base/bytes.h"
#include "collector/api/counts.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/store/pool.h"
#include "collector/store/query.h"
#include "collector/store/rebuild.h"
#include "collector/store/sql.h"
#include "collector/store/writer.h"
#include "json/json.h"

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
	uint64_t events, underived;
	struct store *store;
	int code;

	if (pool_take(request->context->write_pool, &store, err) < 0)
		return err->code;
	code = rebuild(store, TENANT_LOCAL, &events, &underived, err);
	if (code == 0)
		code = counts_read(store, request->arena, ret, err);
	pool_give(request->context->write_pool, store);
	if (code == 0) {
		json_object_set_new(*ret, "events", json_integer((json_int_t)events));
		json_object_set_new(*ret, "underived", json_integer((json_int_t)underived));
	}
	return code;
}
