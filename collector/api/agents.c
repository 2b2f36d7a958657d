#include "base/time.h"
#include "collector/api/handlers.h"
#include "collector/api/json_rows.h"
#include "collector/api/tags.h"
#include "collector/enrol/office.h"
#include "json/json.h"
#include "model/tenant.h"

#define LIMIT_DEFAULT  100
#define TTL_DEFAULT_NS (3600 * NS_PER_S)
#define TTL_MAX_NS     (30 * 24 * 3600 * NS_PER_S)

static void set_optional_time(json_t *json, const char *name, int64_t ns)
{
	if (ns)
		json_set_time(json, name, ns);
}

static json_t *agent_json(const struct agent_row *row)
{
	json_t *json =
		json_pack("{s:s, s:s, s:s}", "id", row->id, "name", row->name, "enrolled_by", row->enrolled_by);
	const char *state = row->revoked_ns ? "revoked" : row->expires_ns <= time_now_ns() ? "expired" : "valid";

	if (!json)
		return NULL;
	json_object_set_new(json, "tags", tags_json(row->tags));
	json_object_set_new(json, "state", json_string(state));
	json_set_time(json, "enrolled_at", row->enrolled_ns);
	json_set_time(json, "certified_at", row->certified_ns);
	json_set_time(json, "expires_at", row->expires_ns);
	set_optional_time(json, "last_seen", row->heard_ns);
	set_optional_time(json, "revoked_at", row->revoked_ns);
	if (row->revoked_reason && *row->revoked_reason)
		json_object_set_new(json, "revoked_reason", json_string(row->revoked_reason));
	return json;
}

int api_agents(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	size_t limit = (size_t)request_number(request, "limit", LIMIT_DEFAULT), count;
	json_t *agents = json_array();
	struct agent_row *rows;

	if (roster_agents(office_roster(request->context->office), request_number(request, "tenant", TENANT_LOCAL),
			  request_text(request, "agent"), limit + 1, request->arena, &rows, &count, err) < 0) {
		json_decref(agents);
		return err->code;
	}
	for (size_t i = 0; i < count && i < limit; i++)
		json_array_append_new(agents, agent_json(&rows[i]));
	*ret = json_pack("{s:o, s:b}", "agents", agents, "more", count > limit);
	return 0;
}

int api_agents_enrol(const struct request *request, json_t **ret, unsigned int *ret_status, struct err *err)
{
	int64_t ttl_ns = request_number(request, "ttl", TTL_DEFAULT_NS);
	struct token_terms terms = { .tenant = request_number(request, "tenant", TENANT_LOCAL),
				     .uses_max = request_number(request, "uses", 1),
				     .expires_ns = (time_now_ns() + ttl_ns) / NS_PER_S * NS_PER_S };
	char text[TOKEN_TEXT_MAX], id[ROSTER_ID_MAX];
	const char *tags[TAGS_MAX];

	if (ttl_ns <= 0 || ttl_ns > TTL_MAX_NS)
		return err_set(err, ERR_USAGE, "ttl must be longer than 0 and at most 30d");
	if (tags_of(request, tags, &terms.tag_count, err) < 0)
		return err->code;
	terms.tags = tags;
	if (office_new_token(request->context->office, &terms, text, id, err) < 0)
		return err->code;
	*ret = json_pack("{s:s, s:s, s:I}", "id", id, "token", text, "uses", (json_int_t)terms.uses_max);
	json_set_time(*ret, "expires_at", terms.expires_ns);
	*ret_status = 201;
	return 0;
}

int api_agents_revoke(const struct request *request, json_t **ret, unsigned int *ret_status UNUSED, struct err *err)
{
	const char *serial = request_text(request, "serial");

	if (roster_revoke(office_roster(request->context->office), request_number(request, "tenant", TENANT_LOCAL),
			  request->argument, serial, request_text(request, "reason"), err) < 0)
		return err->code;
	*ret = json_pack("{s:s}", "revoked", request->argument);
	if (serial)
		json_object_set_new(*ret, "serial", json_string(serial));
	return 0;
}
