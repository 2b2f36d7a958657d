#include <stdlib.h>
#include <string.h>

#include "json/json.h"
#include "rulecase/book.h"

#define RECORD_ARENA_MAX (64u << 20)
#define RECORD_HOSTNAME	 "localhost"
#define RECORD_TIME	 "2026-01-01T00:00:00Z" /* of records that say none */

/* Numbers as JSON writes them; 007 and 1_000 stay text. */
static json_t *number_make(const struct yaml_node *node)
{
	const char *digits = node->text + (*node->text == '-');
	json_t *json;

	if (*digits < '0' || *digits > '9' || (digits[0] == '0' && digits[1] && digits[1] != '.'))
		return NULL;
	json = json_loadb(node->text, node->length, JSON_DECODE_ANY, NULL);
	if (json_is_number(json))
		return json;
	json_decref(json);
	return NULL;
}

static json_t *scalar_make(const struct yaml_node *node)
{
	json_t *json;

	if (yaml_is_null(node))
		return json_null();
	if (node->is_plain && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0))
		return json_boolean(node->text[0] == 't');
	json = node->is_plain ? number_make(node) : NULL;
	return json ? json : json_stringn(node->text, node->length);
}

/* Its depth is bounded by that of the YAML. NULL without memory, or if a text is not UTF-8. */
static json_t *json_make(const struct yaml_node *node)
{
	AUTO_JSON json = NULL;

	if (node->kind == YAML_SCALAR)
		return scalar_make(node);
	json = node->kind == YAML_SEQUENCE ? json_array() : json_object();
	for (size_t i = 0; json && i < node->count; i++) {
		const struct yaml_node *value = node->kind == YAML_SEQUENCE ? node->items[i] : node->pairs[i].value;
		json_t *made = value ? json_make(value) : json_null();
		int done = node->kind == YAML_SEQUENCE ? json_array_append_new(json, made)
						       : json_object_set_new(json, node->pairs[i].key->text, made);

		if (done < 0)
			return NULL;
	}
	return TAKE(json);
}

static int record_open(struct case_event *event, const struct yaml_node *record, struct err *err)
{
	AUTO_JSON json = json_make(record);

	if (!json)
		return err_set(err, ERR_SYNTAX, "the record is not valid as JSON");
	if (!json_object_get(json, "eventTime"))
		json_object_set_new(json, "eventTime", json_string(RECORD_TIME));
	if (record_make(json, NULL, &event->arena, &event->record, err) < 0)
		return err->code;
	event->fields = (struct fields){
		.record = &event->record, .arena = &event->arena, .number = 1, .hostname = RECORD_HOSTNAME
	};
	event->reader = fields_reader(&event->fields);
	event->evt_type = event->record.name;
	return 0;
}

int case_event_open(struct case_event *event, const struct rule_case *item, struct err *err)
{
	*event = (struct case_event){ 0 };
	arena_init(&event->arena, RECORD_ARENA_MAX);
	if (item->record)
		return record_open(event, item->record, err);
	event->reader = given_reader(item->given);
	event->evt_type = item->evt_type;
	return 0;
}

void case_event_close(struct case_event *event)
{
	record_fini(&event->record);
	arena_fini(&event->arena);
}
