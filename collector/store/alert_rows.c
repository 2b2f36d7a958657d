#include "collector/store/alert_rows.h"

#include <string.h>

#include "json/json.h"

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* An agent's field may hold what jsonb refuses (\u0000, half a surrogate pair): then it is kept as text. */
static char *fields_json(const struct alert *alert)
{
	AUTO_JSON object = json_object();

	for (size_t i = 0; i < alert->field_count; i++) {
		const char *name = or_empty(alert->fields[i].name), *text = or_empty(alert->fields[i].json);
		json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

		if (!value || json_object_set_new(object, name, value) < 0)
			json_set_text(object, name, text);
	}
	return json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS);
}

static char *texts_json(const char *const *texts, size_t count)
{
	AUTO_JSON array = json_array();

	for (size_t i = 0; i < count; i++) {
		AUTO_JSON holder = json_object();

		json_set_text(holder, "text", or_empty(texts[i]));
		json_array_append(array, json_object_get(holder, "text"));
	}
	return json_dumps(array, JSON_COMPACT);
}

static char *responses_json(const struct alert *alert)
{
	AUTO_JSON array = json_array();

	for (size_t i = 0; i < alert->response_count; i++) {
		const struct response *response = &alert->responses[i];
		json_t *json = json_object();

		json_set_text(json, "action", action_name(response->action));
		json_set_text(json, "outcome", outcome_name(response->outcome));
		json_set_text(json, "detail", or_empty(response->detail));
		json_array_append_new(array, json);
	}
	return json_dumps(array, JSON_COMPACT);
}

static void add_alert(struct params *params, const struct derive_input *input, const struct derived *derived,
		      const struct alert *alert)
{
	AUTO_FREE char *tags = texts_json(alert->tags, alert->tag_count), *fields = fields_json(alert);
	AUTO_FREE char *policies = texts_json(alert->policies, alert->policy_count);
	AUTO_FREE char *responses = responses_json(alert);
	char id[ALERT_ID_MAX];

	params_text(params, 1, alert_id(input->event_id, or_empty(alert->rule), or_empty(alert->rule_version), id));
	params_uuid(params, 2, input->event_id);
	params_time(params, 3, input->event->time_ns);
	params_text(params, 4, or_empty(alert->rule));
	params_text(params, 5, or_empty(alert->rule_version));
	params_int(params, 6, alert->priority);
	params_text(params, 7, or_empty(alert->source));
	params_text(params, 8, or_empty(alert->output));
	params_text(params, 9, tags ? tags : "[]");
	params_text(params, 10, fields ? fields : "{}");
	params_id(params, 11, derived->task_id);
	params_id(params, 12, derived->cluster_id);
	params_id(params, 13, derived->actor_id);
	params_id(params, 14, derived->container_id);
	params_text(params, 15, policies ? policies : "[]");
	params_int(params, 16, alert->severity);
	params_text(params, 17, responses ? responses : "[]");
}

void alert_rows_add(struct params *params, const struct derive_input *input, const struct derived *derived)
{
	for (size_t i = 0; i < input->event->alert_count; i++)
		add_alert(params, input, derived, &input->event->alerts[i]);
}
