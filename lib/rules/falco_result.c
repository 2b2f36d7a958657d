#include "rules/falco_result.h"

#include <string.h>

#include "json/json.h"
#include "rules/set.h"

static const struct {
	const char *code, *text;
} codes[] = {
	{ "LOAD_ERR_FILE_READ", "File read error" },
	{ "LOAD_ERR_YAML_PARSE", "YAML parse error" },
	{ "LOAD_ERR_YAML_VALIDATE", "Error validating internal structure of YAML file" },
	{ "LOAD_ERR_COMPILE_CONDITION", "Error compiling condition" },
	{ "LOAD_ERR_COMPILE_OUTPUT", "Error compiling output" },
	{ "LOAD_ERR_VALIDATE", "Error validating rule/macro/list/exception objects" },
	{ "LOAD_UNKNOWN_SOURCE", "Unknown event source" },
	{ "LOAD_NO_EVTTYPE", "Condition has no event-type restriction" },
	{ "LOAD_UNKNOWN_FILTER", "Unknown field or event-type in condition or output" },
	{ "LOAD_UNUSED_MACRO", "Unused macro" },
	{ "LOAD_UNUSED_LIST", "Unused list" },
	{ "LOAD_UNKNOWN_ITEM", "Unknown rules file item" },
	{ "LOAD_UNKNOWN_KEY", "Unknown item key" },
	{ "LOAD_DEPRECATED_ITEM", "Used deprecated item" },
	{ "LOAD_APPEND_NO_VALUES", "Overriding/appending with no values" },
	{ "LOAD_EXCEPTION_NAME_NOT_UNIQUE", "Multiple exceptions defined with the same name" },
	{ "LOAD_INVALID_MACRO_NAME", "Invalid macro name" },
	{ "LOAD_INVALID_LIST_NAME", "Invalid list name" },
	{ "LOAD_COMPILE_CONDITION", "Warning in rule condition" },
};

const char *falco_code_text(const char *code)
{
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].text;
	}
	return "";
}

static json_t *position_make(const struct diagnostic *diagnostic)
{
	json_t *json = json_object();

	json_set_text(json, "name", diagnostic->file);
	json_object_set_new(json, "line", json_integer(diagnostic->line));
	json_object_set_new(json, "column", json_integer(diagnostic->column));
	json_object_set_new(json, "offset", json_integer((json_int_t)diagnostic->offset));
	return json;
}

/* item is 'rule "NAME"', or NULL. */
static json_t *location_make(const struct diagnostic *diagnostic, const char *item)
{
	json_t *json = json_object();
	size_t kind = item ? strcspn(item, " ") : 0, length = item ? strlen(item) : 0;
	AUTO_STRBUF type = STRBUF_INIT, name = STRBUF_INIT;

	strbuf_add(&type, item ? item : "rules content", item ? kind : strlen("rules content"));
	if (length > kind + 3)
		strbuf_add(&name, item + kind + 2, length - kind - 3);
	json_set_text(json, "item_type", type.data);
	json_set_text(json, "item_name", name.data);
	json_object_set_new(json, "position", position_make(diagnostic));
	return json;
}

static json_t *problem_make(const struct diagnostic *diagnostic)
{
	json_t *json = json_object(), *context = json_object(), *locations = json_array();

	json_array_append_new(locations, location_make(diagnostic, NULL));
	if (diagnostic->item)
		json_array_append_new(locations, location_make(diagnostic, diagnostic->item));
	json_object_set_new(context, "locations", locations);
	json_set_text(context, "snippet", diagnostic->snippet ? diagnostic->snippet : "");
	json_set_text(json, "code", diagnostic->code);
	json_set_text(json, "codedesc", falco_code_text(diagnostic->code));
	json_set_text(json, "message", diagnostic->message);
	json_object_set_new(json, "context", context);
	return json;
}

static json_t *file_make(const struct ruleset *set, const struct rule_file *file)
{
	json_t *json = json_object(), *errors = json_array(), *warnings = json_array();

	for (size_t i = 0; i < set->diagnostic_count; i++) {
		const struct diagnostic *diagnostic = &set->diagnostics[i];

		if (set->diagnostic_files[i] == file->number)
			json_array_append_new(diagnostic->is_error ? errors : warnings, problem_make(diagnostic));
	}
	json_set_text(json, "name", file->name);
	json_object_set_new(json, "successful", json_boolean(json_array_size(errors) == 0));
	json_object_set_new(json, "errors", errors);
	json_object_set_new(json, "warnings", warnings);
	return json;
}

json_t *falco_result(const struct ruleset *set)
{
	json_t *results = json_array();

	for (size_t i = 0; i < set->files.count; i++)
		json_array_append_new(results, file_make(set, set->files.items[i]));
	return json_pack("{s:o}", "falco_load_results", results);
}
