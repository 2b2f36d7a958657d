#include "rules/file/item.h"

#include <limits.h>

#include "model/entity.h"

static const struct item_key rule_keys[] = {
	{ "rule", -1, false, false },
	{ "condition", RULE_KEY_CONDITION, true, true },
	{ "output", RULE_KEY_OUTPUT, true, true },
	{ "desc", RULE_KEY_DESC, true, true },
	{ "priority", RULE_KEY_PRIORITY, false, true },
	{ "tags", RULE_KEY_TAGS, true, true },
	{ "exceptions", RULE_KEY_EXCEPTIONS, true, true },
	{ "enabled", RULE_KEY_ENABLED, false, true },
	{ "source", -1, false, false },
	{ "warn_evttypes", RULE_KEY_WARN_EVTTYPES, false, true },
	{ "skip-if-unknown-filter", RULE_KEY_SKIP, false, true },
	{ "capture", RULE_KEY_CAPTURE, false, true },
	{ "capture_duration", RULE_KEY_CAPTURE_DURATION, false, true },
	{ "append", -1, false, false },
	{ "override", -1, false, false },
	{ NULL, -1, false, false },
};

static void text_put(struct item_reader *reader, const char *key, struct pieced_text *text, bool is_append)
{
	const char *more = item_text(reader, key);

	if (!more)
		return;
	if (!is_append)
		*text = (struct pieced_text){ 0 };
	text_append(reader->set, text, more, item_origin(reader, yaml_get(reader->item, key)), false);
}

static void priority_put(struct item_reader *reader, struct rule_item *rule)
{
	const char *text = item_text(reader, "priority");
	int priority = text ? priority_find(text) : -1;

	if (priority >= 0)
		rule->priority = (enum priority)priority;
	else if (text)
		item_error(reader, yaml_get(reader->item, "priority"), "LOAD_ERR_YAML_VALIDATE",
			   "Invalid priority \"%s\"", text);
}

static void tags_put(struct item_reader *reader, struct rule_item *rule, bool is_append)
{
	const struct yaml_node *tags = yaml_get(reader->item, "tags");

	if (!is_append)
		rule->tags = (struct vector){ 0 };
	if (yaml_is_null(tags))
		return;
	if (tags->kind != YAML_SEQUENCE) {
		item_error(reader, tags, "LOAD_ERR_YAML_VALIDATE", "'tags' must be a list");
		return;
	}
	for (size_t i = 0; i < tags->count; i++) {
		const char *text = yaml_text(tags->items[i]);

		if (!text)
			item_error(reader, tags->items[i], "LOAD_ERR_YAML_VALIDATE", "A tag must be a single value");
		else if (!vector_push(&rule->tags, &reader->set->arena, (char *)text))
			reader->set->failed_memory = true;
	}
}

/* Takes one key of the item into the rule. */
static void key_put(struct item_reader *reader, struct rule_item *rule, enum rule_key key, bool is_append)
{
	long duration;

	switch (key) {
	case RULE_KEY_CONDITION:
		text_put(reader, "condition", &rule->condition, is_append);
		return;
	case RULE_KEY_OUTPUT:
		text_put(reader, "output", &rule->output, is_append);
		return;
	case RULE_KEY_DESC:
		text_put(reader, "desc", &rule->description, is_append);
		return;
	case RULE_KEY_PRIORITY:
		priority_put(reader, rule);
		return;
	case RULE_KEY_TAGS:
		tags_put(reader, rule, is_append);
		return;
	case RULE_KEY_EXCEPTIONS:
		if (!is_append)
			rule->exceptions = (struct vector){ 0 };
		exceptions_read(reader, rule, is_append);
		return;
	case RULE_KEY_ENABLED:
		rule->enabled = item_bool(reader, "enabled", rule->enabled);
		return;
	case RULE_KEY_WARN_EVTTYPES:
		rule->warn_evttypes = item_bool(reader, "warn_evttypes", true);
		return;
	case RULE_KEY_SKIP:
		rule->skip_unknown = item_bool(reader, "skip-if-unknown-filter", false);
		return;
	case RULE_KEY_CAPTURE: /* captures are not made, but what is written of them must be right */
		item_bool(reader, "capture", false);
		return;
	case RULE_KEY_CAPTURE_DURATION:
		if (!yaml_int(yaml_get(reader->item, "capture_duration"), 0, INT_MAX, &duration))
			item_error(reader, yaml_get(reader->item, "capture_duration"), "LOAD_ERR_YAML_VALIDATE",
				   "'capture_duration' must be a number of milliseconds");
		return;
	default:
		return;
	}
}

/* append: true takes condition and exceptions only. */
static void rule_append(struct item_reader *reader, struct rule_item *rule)
{
	bool has_condition = yaml_get(reader->item, "condition"),
	     has_exceptions = yaml_get(reader->item, "exceptions");

	if (!has_condition && !has_exceptions) {
		item_error(reader, NULL, "LOAD_ERR_VALIDATE",
			   "Appended rule must have exceptions or condition property");
		return;
	}
	if (has_condition)
		key_put(reader, rule, RULE_KEY_CONDITION, true);
	if (has_exceptions)
		key_put(reader, rule, RULE_KEY_EXCEPTIONS, true);
}

static void rule_override(struct item_reader *reader, struct rule_item *rule)
{
	for (int pass = 0; pass < 2; pass++) {
		unsigned int bits = pass ? reader->replace : reader->append;

		for (int key = 0; key < RULE_KEY_COUNT; key++) {
			if (bits & (1u << key))
				key_put(reader, rule, (enum rule_key)key, pass == 0);
		}
	}
}

static struct rule_item *rule_new(struct item_reader *reader, const char *name, const char *source)
{
	struct ruleset *set = reader->set;
	struct rule_item *rule = arena_new(&set->arena, struct rule_item);

	if (!rule || set->rules.count >= RULES_MAX || !vector_push(&set->rules, &set->arena, rule) ||
	    !map_put(set->rule_names, name, rule)) {
		if (set->rules.count >= RULES_MAX)
			item_error(reader, NULL, "LOAD_ERR_VALIDATE", "more than %d rules", RULES_MAX);
		else
			set->failed_memory = true;
		return NULL;
	}
	rule->number = set->sequence++;
	rule->name = name;
	rule->source = source;
	return rule;
}

/* A whole definition: a new rule, or one that takes another's place in the order. */
static void rule_define(struct item_reader *reader, struct rule_item *rule, const char *name, const char *source)
{
	static const enum rule_key keys[] = { RULE_KEY_CONDITION, RULE_KEY_OUTPUT, RULE_KEY_DESC, RULE_KEY_PRIORITY };

	if (!rule)
		rule = rule_new(reader, name, source);
	if (!rule)
		return;
	*rule = (struct rule_item){ .name = name,
				    .source = source,
				    .number = rule->number,
				    .enabled = true,
				    .warn_evttypes = true,
				    .origin = item_origin(reader, NULL) };
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		key_put(reader, rule, keys[i], false);
	for (int key = RULE_KEY_TAGS; key < RULE_KEY_COUNT; key++) {
		if (key != RULE_KEY_SOURCE && yaml_get(reader->item, rule_keys[key + 1].name))
			key_put(reader, rule, (enum rule_key)key, false);
	}
	rule->visibility = reader->set->sequence++;
	if (reader->failed)
		rule->enabled = false;
}

/* Reports a use of an earlier definition that does not fit; true if all is well. */
static bool definition_check(struct item_reader *reader, const struct rule_item *rule, const char *source)
{
	bool appends = reader->is_appended || reader->append;

	if (!rule && appends)
		item_error(reader, NULL, "LOAD_ERR_VALIDATE",
			   "Rule uses 'append' or 'override.<key>: append' but no rule by that name already exists");
	else if (!rule && reader->replace)
		item_error(reader, NULL, "LOAD_ERR_VALIDATE",
			   "An 'override.<key>: replace' to a rule was requested but no rule by that name already "
			   "exists");
	if (rule && source && strcmp(source, rule->source) != 0)
		item_error(reader, yaml_get(reader->item, "source"), "LOAD_ERR_VALIDATE",
			   "Rule has been re-defined with a different source");
	return !reader->failed;
}

void rule_read(struct item_reader *reader)
{
	struct ruleset *set = reader->set;
	const char *name = item_text(reader, "rule"), *source = yaml_text(yaml_get(reader->item, "source"));
	struct rule_item *rule = name ? map_get(set->rule_names, name) : NULL;
	bool is_toggle = !yaml_get(reader->item, "condition") && !yaml_get(reader->item, "output") &&
			 !yaml_get(reader->item, "desc") && !yaml_get(reader->item, "priority");

	if (!name)
		return;
	if (source && !*source)
		source = NULL;
	reader->label = item_label(set, "rule", name);
	keys_read(reader, rule_keys);
	if (reader->failed || !definition_check(reader, rule, source))
		return;
	if (reader->is_appended || reader->append || reader->replace) {
		if (reader->is_appended)
			rule_append(reader, rule);
		else
			rule_override(reader, rule);
		rule->visibility = set->sequence++;
		return;
	}
	if (is_toggle && yaml_get(reader->item, "enabled")) {
		item_warning(reader, yaml_get(reader->item, "enabled"), "LOAD_DEPRECATED_ITEM",
			     "The standalone 'enabled' key usage is deprecated. The correct approach requires also a "
			     "'replace' entry under the 'override' key (i.e. 'enabled: replace').");
		if (!rule)
			item_error(reader, NULL, "LOAD_ERR_VALIDATE",
				   "Rule has 'enabled' key but no rule by that name already exists");
		else
			rule->enabled = item_bool(reader, "enabled", rule->enabled);
		return;
	}
	rule_define(reader, rule, name, source ? source : "syscall");
}
