#include "rules/file/item.h"

#include <ctype.h>

enum { LIST_KEY_ITEMS };

static const struct item_key list_keys[] = {
	{ "list", -1, false, false },	{ "items", LIST_KEY_ITEMS, true, true },
	{ "append", -1, false, false }, { "override", -1, false, false },
	{ NULL, -1, false, false },
};

static const struct item_key macro_keys[] = {
	{ "macro", -1, false, false },	  { "condition", 0, true, true }, { "append", -1, false, false },
	{ "override", -1, false, false }, { NULL, -1, false, false },
};

/* Letters, digits and _, and for lists anything that a value without quotes may hold. */
static bool name_is_valid(const char *name, bool is_list)
{
	if (is_list)
		return !strpbrk(name, "()\"'=, \t\r\n\v\f");
	if (!isalpha((unsigned char)*name))
		return false;
	while (isalnum((unsigned char)*name) || *name == '_')
		name++;
	return !*name;
}

static void list_values(struct item_reader *reader, struct list_item *list)
{
	const struct yaml_node *items = yaml_get(reader->item, "items");

	if (!items)
		item_error(reader, NULL, "LOAD_ERR_YAML_VALIDATE", "Item has no mapping for key 'items'");
	else if (items->kind != YAML_SEQUENCE && !yaml_is_null(items))
		item_error(reader, items, "LOAD_ERR_YAML_VALIDATE", "'items' must be a list");
	if (!items || items->kind != YAML_SEQUENCE)
		return;
	for (size_t i = 0; i < items->count; i++) {
		if (items->items[i]->kind != YAML_SCALAR)
			item_error(reader, items->items[i], "LOAD_ERR_YAML_VALIDATE",
				   "List item must be a single value");
		else if (!vector_push(&list->values, &reader->set->arena, (char *)items->items[i]->text))
			reader->set->failed_memory = true;
	}
}

void list_read(struct item_reader *reader)
{
	struct ruleset *set = reader->set;
	const char *name = item_text(reader, "list");
	struct list_item *list = name ? map_get(set->list_names, name) : NULL;
	bool is_append;

	if (!name)
		return;
	reader->label = item_label(set, "list", name);
	if (!name_is_valid(name, true))
		item_warning(reader, NULL, "LOAD_INVALID_LIST_NAME",
			     "List has an invalid name. List names should match a regular expression: "
			     "[^()\"'[:space:]=,]+");
	keys_read(reader, list_keys);
	is_append = reader->is_appended || (reader->append & (1u << LIST_KEY_ITEMS));
	if (is_append && !list)
		item_error(reader, NULL, "LOAD_ERR_VALIDATE",
			   "List uses 'append' or 'override.items: append' but no list by that name already exists");
	if (reader->failed)
		return;
	if (!list) {
		list = arena_new(&set->arena, struct list_item);
		if (!list || !vector_push(&set->lists, &set->arena, list) || !map_put(set->list_names, name, list)) {
			set->failed_memory = true;
			return;
		}
		list->number = set->sequence++;
		list->visibility = list->number;
	} else {
		list->visibility = set->sequence++;
	}
	if (!is_append)
		list->values = (struct vector){ 0 };
	list->name = name;
	list->origin = item_origin(reader, NULL);
	list_values(reader, list);
}

void macro_read(struct item_reader *reader)
{
	struct ruleset *set = reader->set;
	const char *name = item_text(reader, "macro"), *condition;
	struct macro_item *macro = name ? map_get(set->macro_names, name) : NULL;
	const struct yaml_node *node = yaml_get(reader->item, "condition");
	bool is_append;

	if (!name)
		return;
	reader->label = item_label(set, "macro", name);
	if (!name_is_valid(name, false))
		item_warning(reader, NULL, "LOAD_INVALID_MACRO_NAME",
			     "Macro has an invalid name. Macro names should match a regular expression: "
			     "[a-zA-Z]+[a-zA-Z0-9_]*");
	keys_read(reader, macro_keys);
	condition = item_text(reader, "condition");
	is_append = reader->is_appended || reader->append;
	if (is_append && !macro)
		item_error(reader, NULL, "LOAD_ERR_VALIDATE",
			   "Macro uses 'append' or 'override.condition: append' but no macro by that name already "
			   "exists");
	if (reader->failed)
		return;
	if (!macro) {
		macro = arena_new(&set->arena, struct macro_item);
		if (!macro || !vector_push(&set->macros, &set->arena, macro) ||
		    !map_put(set->macro_names, name, macro)) {
			set->failed_memory = true;
			return;
		}
		macro->number = set->sequence++;
		macro->visibility = macro->number;
	} else {
		macro->visibility = set->sequence++;
	}
	if (!is_append)
		macro->condition = (struct pieced_text){ 0 };
	macro->name = name;
	macro->origin = item_origin(reader, NULL);
	text_append(set, &macro->condition, condition, item_origin(reader, node), false);
}
