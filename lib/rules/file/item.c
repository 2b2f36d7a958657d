#include "rules/file/item.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct origin item_origin(const struct item_reader *reader, const struct yaml_node *node)
{
	if (!node)
		node = reader->item;
	return (struct origin){ .file = reader->file, .line = node->line, .column = node->column, .node = node };
}

static void item_report(struct item_reader *reader, const struct yaml_node *node, const char *code,
			const char *format, va_list args)
{
	struct origin origin = item_origin(reader, node);
	char message[ERR_MESSAGE_MAX];

	vsnprintf(message, sizeof(message), format, args);
	set_report(reader->set, &origin, code, reader->label, "%s", message);
}

void item_error(struct item_reader *reader, const struct yaml_node *node, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	item_report(reader, node, code, format, args);
	va_end(args);
	reader->failed = true;
}

void item_warning(struct item_reader *reader, const struct yaml_node *node, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	item_report(reader, node, code, format, args);
	va_end(args);
}

const char *item_text(struct item_reader *reader, const char *key)
{
	const struct yaml_node *node = yaml_get(reader->item, key);
	const char *text = yaml_text(node);

	if (!node)
		item_error(reader, NULL, "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key '%s'", key);
	else if (!text || !*text)
		item_error(reader, node, "LOAD_ERR_YAML_VALIDATE", "Mapping for key '%s' is empty or not text", key);
	return text && *text ? text : NULL;
}

bool item_bool(struct item_reader *reader, const char *key, bool fallback)
{
	const struct yaml_node *node = yaml_get(reader->item, key);
	bool value = fallback;

	if (node && !yaml_bool(node, &value))
		item_error(reader, node, "LOAD_ERR_YAML_VALIDATE",
			   "Can't decode YAML scalar value of '%s': not true or false", key);
	return value;
}

static const struct item_key *key_find(const struct item_key *keys, const char *name)
{
	for (; keys->name; keys++) {
		if (strcmp(keys->name, name) == 0)
			return keys;
	}
	return NULL;
}

static void override_read(struct item_reader *reader, const struct item_key *keys, const struct yaml_pair *pair)
{
	const char *name = yaml_text(pair->key), *how = yaml_text(pair->value);
	const struct item_key *key = name ? key_find(keys, name) : NULL;
	bool is_append;

	if (!how || (strcmp(how, "append") != 0 && strcmp(how, "replace") != 0)) {
		item_error(reader, pair->value, "LOAD_ERR_YAML_VALIDATE",
			   "Invalid override operation for key '%s': '%s'. Allowed values are: append, replace",
			   name ? name : "", how ? how : "");
		return;
	}
	is_append = strcmp(how, "append") == 0;
	if (!key || key->bit < 0 || !(is_append ? key->may_append : key->may_replace)) {
		item_error(reader, pair->key, "LOAD_ERR_YAML_VALIDATE", "Key '%s' cannot be %s%s", name ? name : "",
			   is_append ? "appended to" : "replaced",
			   is_append && key && key->may_replace ? ", use 'replace' instead" : "");
		return;
	}
	if (!yaml_get(reader->item, name)) {
		item_error(reader, pair->key, "LOAD_ERR_YAML_VALIDATE",
			   "An %s override for '%s' was specified but '%s' is not defined", how, name, name);
		return;
	}
	*(is_append ? &reader->append : &reader->replace) |= 1u << key->bit;
}

void keys_read(struct item_reader *reader, const struct item_key *keys)
{
	const struct yaml_node *override = yaml_get(reader->item, "override");

	for (size_t i = 0; override && i < override->count && override->kind == YAML_MAPPING; i++)
		override_read(reader, keys, &override->pairs[i]);
	if (override && override->kind != YAML_MAPPING)
		item_error(reader, override, "LOAD_ERR_YAML_VALIDATE",
			   "'override' must be a mapping of key to append or replace");
	reader->is_appended = item_bool(reader, "append", false);
	if (reader->is_appended && override)
		item_error(reader, override, "LOAD_ERR_YAML_VALIDATE",
			   "Keys 'override' and 'append: true' cannot be used together. Add an 'append' entry (e.g. "
			   "'condition: append') under 'override' instead.");
	if (yaml_get(reader->item, "append"))
		item_warning(reader, yaml_get(reader->item, "append"), "LOAD_DEPRECATED_ITEM",
			     "'append' key is deprecated. Add an 'append' entry (e.g. 'condition: append') under "
			     "'override' instead.");
	for (size_t i = 0; i < reader->item->count; i++) {
		const char *name = yaml_text(reader->item->pairs[i].key);
		const struct item_key *key = name ? key_find(keys, name) : NULL;

		if (!key)
			item_warning(reader, reader->item->pairs[i].key, "LOAD_UNKNOWN_KEY",
				     "Unknown key '%s'. The key will be ignored.", name ? name : "");
		else if ((reader->append | reader->replace) && key->bit >= 0 &&
			 !((reader->append | reader->replace) & (1u << key->bit)))
			item_error(reader, reader->item->pairs[i].key, "LOAD_ERR_YAML_VALIDATE",
				   "Unexpected key '%s': no corresponding entry under 'override' is defined.", name);
	}
}
