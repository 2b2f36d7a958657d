#include "cli/rules_tree.h"

#include "json/json.h"

static json_t *part_json(const struct rule_part *part, bool with_event)
{
	static const char *const kinds[] = {
		[PART_AND] = "and", [PART_OR] = "or", [PART_NOT] = "not", [PART_CHECK] = "check"
	};
	json_t *json = json_object(), *parts;

	json_set_text(json, "kind", kinds[part->kind]);
	json_set_text(json, "macro", part->macro);
	json_set_text(json, "check", part->text);
	if (part->is_never)
		json_object_set_new(json, "never", json_true());
	if (with_event) {
		json_object_set_new(json, "holds", json_boolean(part->holds));
		json_object_set_new(json, "decides", json_boolean(part->decides));
	}
	if (part->kind == PART_CHECK && with_event) {
		json_set_text(json, "field", part->field);
		if (part->seen)
			json_set_text(json, "seen", part->seen);
		else
			json_object_set_new(json, "seen", json_null());
	} else if (part->kind == PART_CHECK) {
		json_object_set_new(json, "rules", json_integer((json_int_t)part->rules));
	}
	if (part->count == 1)
		return json;
	parts = json_array();
	for (size_t at = 1; at < part->count; at += part[at].count)
		json_array_append_new(parts, part_json(&part[at], with_event));
	json_object_set_new(json, "parts", parts);
	return json;
}

json_t *rules_tree_json(const struct rule_tree *tree, bool with_event)
{
	return part_json(tree->parts, with_event);
}

json_t *rules_diagnostic_json(const struct diagnostic *diagnostic)
{
	json_t *json = json_object();

	json_set_text(json, "file", diagnostic->file);
	json_object_set_new(json, "line", json_integer(diagnostic->line));
	json_object_set_new(json, "column", json_integer(diagnostic->column));
	json_set_text(json, "level", diagnostic->is_error ? "error" : "warning");
	json_set_text(json, "code", diagnostic->code);
	json_set_text(json, "item", diagnostic->item);
	json_set_text(json, "message", diagnostic->message);
	return json;
}
