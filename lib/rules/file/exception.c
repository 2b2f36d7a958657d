#include "rules/file/item.h"

#include <ctype.h>
#include <string.h>

#include "rules/compile/compile.h"
#include "rules/language/parser.h"

static struct exception_item *exception_find(const struct rule_item *rule, const char *name)
{
	for (size_t i = 0; i < rule->exceptions.count; i++) {
		struct exception_item *exception = rule->exceptions.items[i];

		if (strcmp(exception->name, name) == 0)
			return exception;
	}
	return NULL;
}

static bool is_list_op(const char *text, size_t length)
{
	for (int op = 0; op < OP_COUNT; op++) {
		if (op_infos[op].kind == OP_KIND_LIST && strlen(op_infos[op].text) == length &&
		    memcmp(op_infos[op].text, text, length) == 0)
			return true;
	}
	return false;
}

#define COMPARISON_MAX 64

/* The words of a comparison with one blank between them; returns out. */
static const char *comparison_read(const struct yaml_node *node, char out[COMPARISON_MAX])
{
	const char *text = yaml_text(node);
	size_t length = 0;

	for (; text && *text && length + 2 < COMPARISON_MAX; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (length && isspace((unsigned char)text[-1]))
			out[length++] = ' ';
		out[length++] = *text;
	}
	out[length] = 0;
	return out;
}

/* in, or "startswith oneof": an operator that takes a list. */
static bool takes_list(const char *text)
{
	const char *blank = strchr(text, ' ');

	if (!blank)
		return is_list_op(text, strlen(text));
	for (int i = MODIFIER_ONEOF; i < MODIFIER_COUNT; i++) {
		if (strcmp(blank + 1, modifier_names[i]) == 0)
			return true;
	}
	return false;
}

static bool is_comparison(const char *text)
{
	size_t length = strcspn(text, " ");

	for (int op = 0; op < OP_COUNT; op++) {
		if (op == OP_EXISTS || strlen(op_infos[op].text) != length ||
		    memcmp(op_infos[op].text, text, length) != 0)
			continue;
		return !text[length] || (op_infos[op].kind == OP_KIND_TEXT && takes_list(text));
	}
	return false;
}

static void comparison_check(struct item_reader *reader, const struct yaml_node *node, bool is_single)
{
	char buffer[COMPARISON_MAX];
	const char *text = comparison_read(node, buffer);

	if (!is_single && !is_comparison(text))
		item_error(reader, node, "LOAD_ERR_YAML_VALIDATE", "'%s' is not a supported comparison operator",
			   text);
	else if (is_single && (!is_comparison(text) || !takes_list(text)))
		item_error(reader, node, "LOAD_ERR_YAML_VALIDATE",
			   "'%s' is not a supported comparison operator for a single field: comps must be one of "
			   "(in, pmatch, "
			   "intersects), or an operator with oneof, anyof or allof",
			   text);
}

static void field_check(struct item_reader *reader, const struct yaml_node *node)
{
	const char *text = yaml_text(node), *argument = NULL;
	struct ast_operand *operand = NULL;
	struct parse_error error;
	AUTO_ARENA scratch;
	size_t length = 0;

	arena_init(&scratch, 1u << 20);
	if (text)
		operand = operand_parse(text, strlen(text), &scratch, &length, &error);
	if (!operand || text[length] ||
	    (operand->kind == OPERAND_FIELD && field_resolve(&operand->text, &argument) < 0))
		item_error(reader, node, "LOAD_ERR_VALIDATE", "'%s' is not a supported filter field",
			   text ? text : "");
}

/* False if fields and comps are not what the rest here relies on. */
static bool shape_check(struct item_reader *reader, const struct exception_item *exception)
{
	const struct yaml_node *fields = exception->fields, *comps = exception->comps;
	bool failed_before = reader->failed;

	reader->failed = false;
	if (fields->kind == YAML_MAPPING) {
		item_error(reader, fields, "LOAD_ERR_YAML_VALIDATE", "'fields' must be a field or a list of fields");
	} else if (fields->kind == YAML_SCALAR) {
		field_check(reader, fields);
		if (comps && comps->kind == YAML_SCALAR)
			comparison_check(reader, comps, true);
		else if (comps)
			item_error(reader, comps, "LOAD_ERR_YAML_VALIDATE", "Fields and comps must both be strings");
	} else if (comps && (comps->kind != YAML_SEQUENCE || comps->count != fields->count)) {
		item_error(reader, comps, "LOAD_ERR_YAML_VALIDATE", "Fields and comps lists must have equal length");
	} else {
		for (size_t i = 0; i < fields->count; i++) {
			field_check(reader, fields->items[i]);
			if (comps)
				comparison_check(reader, comps->items[i], false);
		}
	}
	failed_before |= reader->failed;
	reader->failed = failed_before;
	return !failed_before;
}

static void rows_add(struct item_reader *reader, struct exception_item *exception, const struct yaml_node *values)
{
	bool is_single = exception->fields->kind == YAML_SCALAR;

	if (yaml_is_null(values))
		return;
	if (values->kind != YAML_SEQUENCE) {
		item_error(reader, values, "LOAD_ERR_YAML_VALIDATE", "'values' must be a list");
		return;
	}
	for (size_t i = 0; i < values->count; i++) {
		const struct yaml_node *row = values->items[i];

		if (is_single ? row->kind != YAML_SCALAR : row->kind != YAML_SEQUENCE)
			item_error(reader, row, "LOAD_ERR_YAML_VALIDATE",
				   is_single ? "Expected values array to contain a list of strings"
					     : "Expected values array to contain lists of values");
		else if (!is_single && row->count != exception->fields->count)
			item_error(reader, row, "LOAD_ERR_VALIDATE",
				   "Fields and values lists must have equal length");
		else if (!vector_push(&exception->rows, &reader->set->arena, (void *)row))
			reader->set->failed_memory = true;
	}
}

static void exception_read(struct item_reader *reader, struct rule_item *rule, const struct yaml_node *node,
			   bool is_append)
{
	const char *name = yaml_text(yaml_get(node, "name"));
	const struct yaml_node *fields = yaml_get(node, "fields"), *values = yaml_get(node, "values");
	struct exception_item *exception = name ? exception_find(rule, name) : NULL;

	if (!name) {
		item_error(reader, node, "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'name'");
		return;
	}
	if (exception && !is_append)
		item_warning(reader, node, "LOAD_EXCEPTION_NAME_NOT_UNIQUE",
			     "Multiple definitions of exception '%s' in the same rule", name);
	if (!exception) {
		if (!fields && is_append) {
			item_error(reader, node, "LOAD_ERR_VALIDATE",
				   "Rule exception must have fields property with a list of fields");
			return;
		}
		if (!fields || (is_append && !values)) {
			item_error(reader, node, "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key '%s'",
				   fields ? "values" : "fields");
			return;
		}
		exception = arena_new(&reader->set->arena, struct exception_item);
		if (!exception) {
			reader->set->failed_memory = true;
			return;
		}
		*exception = (struct exception_item){ .name = name,
						      .fields = fields,
						      .comps = yaml_get(node, "comps"),
						      .origin = item_origin(reader, node) };
		if (!shape_check(reader, exception))
			return;
		if (!vector_push(&rule->exceptions, &reader->set->arena, exception))
			reader->set->failed_memory = true;
	} else if (is_append && yaml_is_null(values)) {
		item_warning(reader, node, "LOAD_APPEND_NO_VALUES", "Overriding/appending exception with no values");
	}
	if (values)
		rows_add(reader, exception, values);
}

void exceptions_read(struct item_reader *reader, struct rule_item *rule, bool is_append)
{
	const struct yaml_node *list = yaml_get(reader->item, "exceptions");

	if (yaml_is_null(list))
		return;
	if (list->kind != YAML_SEQUENCE) {
		item_error(reader, list, "LOAD_ERR_YAML_VALIDATE", "'exceptions' must be a list");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		const char *label = reader->label, *name = yaml_text(yaml_get(list->items[i], "name"));

		if (name)
			reader->label = arena_printf(&reader->set->arena, "%s, exception \"%s\"", label, name);
		if (list->items[i]->kind != YAML_MAPPING)
			item_error(reader, list->items[i], "LOAD_ERR_YAML_VALIDATE",
				   "An exception must be a mapping");
		else
			exception_read(reader, rule, list->items[i], is_append);
		reader->label = label;
	}
}

/* A value as it stands in a condition: quoted if it has a blank and is not quoted already. */
static void value_add(struct strbuf *out, const char *text)
{
	bool is_quoted = *text == '"' || *text == '\'';

	strbuf_addf(out, strchr(text, ' ') && !is_quoted ? "\"%s\"" : "%s", text);
}

static void cell_add(struct strbuf *out, const char *comparison, const struct yaml_node *cell)
{
	bool is_list = cell->kind == YAML_SEQUENCE, in_parentheses = is_list || takes_list(comparison);

	if (cell->kind == YAML_SCALAR && *cell->text == '(')
		in_parentheses = false;
	strbuf_adds(out, in_parentheses ? "(" : "");
	for (size_t i = 0; i < (is_list ? cell->count : 1u); i++) {
		const struct yaml_node *value = is_list ? cell->items[i] : cell;

		strbuf_adds(out, i ? ", " : "");
		if (value->kind == YAML_SCALAR)
			value_add(out, value->text);
	}
	strbuf_adds(out, in_parentheses ? ")" : "");
}

static void exception_print(const struct exception_item *exception, struct strbuf *out)
{
	const struct yaml_node *fields = exception->fields, *comps = exception->comps;
	char buffer[COMPARISON_MAX];

	if (fields->kind == YAML_SCALAR) {
		strbuf_addf(out, "(%s %s (", fields->text, comps ? comparison_read(comps, buffer) : "in");
		for (size_t i = 0; i < exception->rows.count; i++) {
			strbuf_adds(out, i ? ", " : "");
			value_add(out, ((const struct yaml_node *)exception->rows.items[i])->text);
		}
		strbuf_adds(out, "))");
		return;
	}
	strbuf_addc(out, '(');
	for (size_t i = 0; i < exception->rows.count; i++) {
		const struct yaml_node *row = exception->rows.items[i];

		strbuf_adds(out, i ? " or (" : "(");
		for (size_t k = 0; k < fields->count; k++) {
			const char *comparison = comps ? comparison_read(comps->items[k], buffer) : "=";

			strbuf_addf(out, "%s%s %s ", k ? " and " : "", fields->items[k]->text, comparison);
			cell_add(out, comparison, row->items[k]);
		}
		strbuf_addc(out, ')');
	}
	strbuf_addc(out, ')');
}

bool exceptions_apply(struct ruleset *set, struct rule_item *rule, struct pieced_text *condition)
{
	AUTO_STRBUF text = STRBUF_INIT;

	*condition = (struct pieced_text){ 0 };
	if (!rule->exceptions.count) {
		*condition = rule->condition;
		return true;
	}
	/* "(" condition ")", its pieces moved by one byte */
	strbuf_addf(&text, "(%s)", rule->condition.text);
	for (size_t i = 0; i < rule->condition.pieces.count; i++) {
		const struct piece *from = rule->condition.pieces.items[i];
		struct piece *piece = arena_new(&set->arena, struct piece);

		if (!piece || !vector_push(&condition->pieces, &set->arena, piece))
			return !(set->failed_memory = true);
		*piece = *from;
		piece->at++;
	}
	condition->text = arena_copy(&set->arena, text.data, text.length);
	condition->length = text.length;
	for (size_t i = 0; condition->text && i < rule->exceptions.count; i++) {
		const struct exception_item *exception = rule->exceptions.items[i];

		if (!exception->rows.count)
			continue;
		strbuf_clear(&text);
		strbuf_adds(&text, "and not ");
		exception_print(exception, &text);
		if (!text_append(set, condition, text.data, exception->origin, true))
			return false;
	}
	return condition->text;
}
