/* Policies as they stand in a file: keys, their values, and what is wrong with them. */
#include <string.h>

#include "model/entity.h"
#include "rules/compile/suggest.h"
#include "rules/policy/parts.h"

struct reader {
	struct policies *policies;
	const struct policy_file *file;
	const struct yaml_node *item;
	struct policy *policy;
};

#define COMPLAIN(reader, node, code, ...)                                                                            \
	do {                                                                                                         \
		const struct yaml_node *at_ = (node);                                                                \
		(reader)->policy->is_bad = true;                                                                     \
		policies_report((reader)->policies, (reader)->file, &(struct yaml_place){ at_->line, at_->column },  \
				(reader)->policy, code, __VA_ARGS__);                                                \
	} while (0)

/* Text that is neither empty nor too long; NULL after a complaint. */
static const char *text_of(struct reader *reader, const struct yaml_node *node, const char *key)
{
	const char *text = yaml_text(node);

	if (!text || !*text) {
		COMPLAIN(reader, node, "POLICY_ERR_VALUE", "%s must be a text", key);
		return NULL;
	}
	if (node->length > POLICY_TEXT_MAX - 1 || strlen(text) != node->length) {
		COMPLAIN(reader, node, "POLICY_ERR_VALUE", "%s has a NUL byte or more than %d bytes", key,
			 POLICY_TEXT_MAX - 1);
		return NULL;
	}
	return text;
}

static void push(struct reader *reader, struct vector *list, const void *item)
{
	if (!vector_push(list, &reader->policies->arena, (void *)item))
		reader->policies->failed_memory = true;
}

/* One text, or a list of texts; for each that is fine add() is called. */
static void each_text(struct reader *reader, const struct yaml_node *value, const char *key,
		      void (*add)(struct reader *reader, struct vector *list, const struct yaml_node *node),
		      struct vector *list)
{
	if (yaml_is_null(value))
		return;
	if (value->kind == YAML_SCALAR) {
		if (text_of(reader, value, key))
			add(reader, list, value);
		return;
	}
	if (value->kind != YAML_SEQUENCE) {
		COMPLAIN(reader, value, "POLICY_ERR_VALUE", "%s must be a list of texts", key);
		return;
	}
	if (value->count > POLICY_ITEMS_MAX) {
		COMPLAIN(reader, value, "POLICY_ERR_LIMIT", "%s has %zu items, but must have %d at the most", key,
			 value->count, POLICY_ITEMS_MAX);
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		if (text_of(reader, value->items[i], key))
			add(reader, list, value->items[i]);
	}
}

static void add_node(struct reader *reader, struct vector *list, const struct yaml_node *node)
{
	push(reader, list, node);
}

static void add_pattern(struct reader *reader, struct vector *list, const struct yaml_node *node)
{
	push(reader, list, node->text);
}

static void read_name(struct reader *reader, const struct yaml_node *value)
{
	const struct policy *first;

	reader->policy->name = text_of(reader, value, "policy");
	if (!reader->policy->name)
		return;
	first = map_get(reader->policies->names, reader->policy->name);
	if (first)
		COMPLAIN(reader, value, "POLICY_ERR_VALUE", "there is one of this name already, %s:%d",
			 first->file->name, first->line);
	else if (!map_put(reader->policies->names, reader->policy->name, reader->policy))
		reader->policies->failed_memory = true;
}

static void read_description(struct reader *reader, const struct yaml_node *value)
{
	if (!yaml_is_null(value))
		reader->policy->description = text_of(reader, value, "description");
}

static void read_severity(struct reader *reader, const struct yaml_node *value)
{
	const char *text = text_of(reader, value, "severity");
	int severity = text ? severity_find(text) : SEVERITY_NONE;

	if (severity > SEVERITY_NONE)
		reader->policy->severity = (enum severity)severity;
	else if (text)
		COMPLAIN(reader, value, "POLICY_ERR_VALUE",
			 "severity is \"%s\", but must be high, medium, low or info", text);
}

static void read_source(struct reader *reader, const struct yaml_node *value)
{
	const char *text = text_of(reader, value, "source");

	if (text && strcmp(text, "syscall") != 0 && strcmp(text, "aws_cloudtrail") != 0)
		COMPLAIN(reader, value, "POLICY_ERR_VALUE", "source is \"%s\", but must be syscall or aws_cloudtrail",
			 text);
	reader->policy->source = text;
}

static void read_scope(struct reader *reader, const struct yaml_node *value)
{
	static const char *const keys[] = {
#define X(id, key) key,
		SCOPE_KINDS(X)
#undef X
	};

	if (yaml_is_null(value))
		return;
	if (value->kind != YAML_MAPPING) {
		COMPLAIN(reader, value, "POLICY_ERR_VALUE", "scope must be a mapping, such as {cluster: [name]}");
		return;
	}
	for (size_t i = 0; i < value->count; i++) {
		const struct yaml_pair *pair = &value->pairs[i];
		const char *key = yaml_text(pair->key);
		int kind = SCOPE_COUNT - 1;

		while (kind >= 0 && !(key && strcmp(key, keys[kind]) == 0))
			kind--;
		if (kind < 0) {
			COMPLAIN(reader, pair->key, "POLICY_ERR_KEY",
				 "unknown key \"%s\" of scope; those are cluster, image, container, account, region",
				 key ? key : "");
			continue;
		}
		each_text(reader, pair->value, key, add_pattern, &reader->policy->scope[kind]);
		reader->policy->is_scoped |= reader->policy->scope[kind].count > 0;
	}
}

static void read_rules(struct reader *reader, const struct yaml_node *value)
{
	each_text(reader, value, "rules", add_node, &reader->policy->rules);
}

static void read_tags(struct reader *reader, const struct yaml_node *value)
{
	each_text(reader, value, "tags", add_node, &reader->policy->tags);
}

static void add_action(struct reader *reader, struct vector *list UNUSED, const struct yaml_node *node)
{
	int action = action_find(node->text);

	if (action < 0) {
		COMPLAIN(reader, node, "POLICY_ERR_ACTION", "unknown action \"%s\"; there are notify, kill and stop",
			 node->text);
	} else if (!action_is_available((enum response_action)action)) {
		COMPLAIN(reader, node, "POLICY_ERR_ACTION",
			 "action \"%s\" is not available yet; there are notify, kill and stop", node->text);
	} else {
		reader->policy->actions |= ACTION_BIT(action);
		if (ACTION_BIT(action) & ACTIONS_RESPONDING && !reader->policy->responding)
			reader->policy->responding = node;
	}
}

static void read_actions(struct reader *reader, const struct yaml_node *value)
{
	each_text(reader, value, "actions", add_action, NULL);
}

static void read_enabled(struct reader *reader, const struct yaml_node *value)
{
	if (!yaml_bool(value, &reader->policy->is_enabled))
		COMPLAIN(reader, value, "POLICY_ERR_VALUE", "enabled must be true or false");
}

static const struct {
	const char *name;
	void (*read)(struct reader *reader, const struct yaml_node *value);
} keys[] = {
	{ "policy", read_name },       { "description", read_description },
	{ "severity", read_severity }, { "source", read_source },
	{ "scope", read_scope },       { "rules", read_rules },
	{ "tags", read_tags },	       { "actions", read_actions },
	{ "enabled", read_enabled },
};

static const char *key_name(const void *context UNUSED, size_t number)
{
	return keys[number].name;
}

static void key_read(struct reader *reader, const struct yaml_pair *pair)
{
	const char *name = yaml_text(pair->key), *meant;

	for (size_t i = 0; name && i < ARRAY_SIZE(keys); i++) {
		if (strcmp(name, keys[i].name) != 0)
			continue;
		if (yaml_get(reader->item, name) == pair->value)
			keys[i].read(reader, pair->value);
		else
			COMPLAIN(reader, pair->key, "POLICY_ERR_KEY", "key \"%s\" is given twice", name);
		return;
	}
	meant = name ? suggest(name, strlen(name), key_name, NULL, ARRAY_SIZE(keys)) : NULL;
	COMPLAIN(reader, pair->key, "POLICY_ERR_KEY", "unknown key \"%s\"%s%s%s", name ? name : "",
		 meant ? " (did you mean \"" : "", meant ? meant : "", meant ? "\"?)" : "");
}

/* A rule given where a policy belongs is a mistake of the command line, and said as one. */
static bool is_policy(struct reader *reader)
{
	static const char *const others[] = { "rule", "macro", "list", "required_engine_version" };

	if (reader->item->kind == YAML_MAPPING && yaml_get(reader->item, "policy"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		if (!yaml_get(reader->item, others[i]))
			continue;
		COMPLAIN(reader, reader->item, "POLICY_ERR_KEY",
			 "this is a %s, not a policy; files of rules are given with --rules", others[i]);
		return false;
	}
	COMPLAIN(reader, reader->item, "POLICY_ERR_VALUE", "each item must be a mapping with the key \"policy\"");
	return false;
}

static void item_read(struct reader *reader)
{
	struct policies *policies = reader->policies;
	struct policy *policy = arena_new(&policies->arena, struct policy);

	if (!policy) {
		policies->failed_memory = true;
		return;
	}
	*policy = (struct policy){ .is_enabled = true, .file = reader->file, .line = reader->item->line };
	reader->policy = policy;
	if (!is_policy(reader))
		return;
	if (policies->items.count == POLICIES_MAX) {
		COMPLAIN(reader, reader->item, "POLICY_ERR_LIMIT", "there are more than %d policies", POLICIES_MAX);
		return;
	}
	for (size_t i = 0; i < reader->item->count; i++)
		key_read(reader, &reader->item->pairs[i]);
	if (!yaml_get(reader->item, "severity"))
		COMPLAIN(reader, reader->item, "POLICY_ERR_VALUE", "severity is missing: high, medium, low or info");
	if (policy->responding && !(policy->source && strcmp(policy->source, "syscall") == 0))
		COMPLAIN(reader, policy->responding, "POLICY_ERR_ACTION",
			 "action \"%s\" is done by an agent, so the policy needs \"source: syscall\"",
			 policy->responding->text);
	if (!policy->is_bad && !policy->rules.count && !policy->tags.count)
		COMPLAIN(reader, reader->item, "POLICY_ERR_VALUE", "it selects nothing: give rules, tags, or both");
	push(reader, &policies->items, policy);
}

void policy_document_read(struct policies *policies, const struct policy_file *file, const struct yaml_node *document)
{
	if (yaml_is_null(document))
		return;
	if (document->kind != YAML_SEQUENCE) {
		policies_report(policies, file, &(struct yaml_place){ document->line, document->column }, NULL,
				"POLICY_ERR_VALUE",
				"a file of policies is a list of items that begin with \"- policy:\"");
		return;
	}
	for (size_t i = 0; i < document->count; i++)
		item_read(&(struct reader){ .policies = policies, .file = file, .item = document->items[i] });
}
