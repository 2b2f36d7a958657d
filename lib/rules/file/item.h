/*
 * item.h: items of rule files into a set: lists, macros, rules, requirements; append, override, exceptions.
 */
#pragma once

#include "rules/set.h"

/* What one item is read with. */
struct item_reader {
	struct ruleset *set;
	const struct rule_file *file;
	const struct yaml_node *item; /* a mapping */
	const char *label;	      /* rule "NAME", for diagnostics */
	unsigned int append, replace; /* bits of keys that override names */
	bool is_appended;	      /* append: true */
	bool failed;
};

/* A key that an item may have. */
struct item_key {
	const char *name;
	int bit; /* for override, or -1 */
	bool may_append, may_replace;
};

void list_read(struct item_reader *reader);
void macro_read(struct item_reader *reader);
void rule_read(struct item_reader *reader);

/* Adds or appends to the exceptions of a rule. */
void exceptions_read(struct item_reader *reader, struct rule_item *rule, bool is_append);
/* Adds "and not (...)" to the condition for all exceptions; false if one is wrong. */
bool exceptions_apply(struct ruleset *set, struct rule_item *rule, struct pieced_text *condition);

/* required_engine_version now, required_plugin_versions when all files are read. */
void engine_version_check(struct item_reader *reader);
void plugin_versions_check(struct ruleset *set, const struct requirement *requirement);

/* Reports unknown keys, reads append and override. keys ends with a row without name. */
void keys_read(struct item_reader *reader, const struct item_key *keys);

/* Records an error at node (NULL: the item) and marks the item as failed. */
void item_error(struct item_reader *reader, const struct yaml_node *node, const char *code, const char *format, ...)
	PRINTF_LIKE(4, 5);
void item_warning(struct item_reader *reader, const struct yaml_node *node, const char *code, const char *format, ...)
	PRINTF_LIKE(4, 5);
struct origin item_origin(const struct item_reader *reader, const struct yaml_node *node);

/* Text that must be there and not be empty; else an error, and NULL. */
const char *item_text(struct item_reader *reader, const char *key);

/* A boolean, or fallback; an error if it is none. */
bool item_bool(struct item_reader *reader, const char *key, bool fallback);
