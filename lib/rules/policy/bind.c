/* Which rules each policy contains. */
#include <fnmatch.h>
#include <string.h>

#include "rules/compile/suggest.h"
#include "rules/policy/parts.h"

struct binding {
	struct policies *policies;
	const struct ruleset *rules;
	struct policy *policy;
	const struct yaml_node *wanted; /* a name or tag of the policy */
	bool is_tag;
	bool *is_in; /* by rule: the policy contains it */
};

static bool is_pattern(const char *text)
{
	return strpbrk(text, "*?[") != NULL;
}

static bool is_chosen(const struct binding *binding, const struct rule_info *rule)
{
	const char *wanted = binding->wanted->text;

	if (!binding->is_tag)
		return strcmp(wanted, rule->name) == 0 || (is_pattern(wanted) && fnmatch(wanted, rule->name, 0) == 0);
	for (size_t i = 0; i < rule->tag_count; i++) {
		if (fnmatch(wanted, rule->tags[i], 0) == 0)
			return true;
	}
	return false;
}

static const char *rule_name(const void *context, size_t number)
{
	struct rule_info rule;

	ruleset_info(context, number, &rule);
	return rule.name;
}

/* A name that is wrong is an error; a pattern or tag may wait for rules to come. */
static void say_nothing_chosen(struct binding *binding)
{
	const struct yaml_node *wanted = binding->wanted;
	const struct policy *policy = binding->policy;
	const struct yaml_place place = { wanted->line, wanted->column };
	const char *meant;

	if (binding->policies->is_optional)
		return;
	if (binding->is_tag || is_pattern(wanted->text)) {
		policies_report(binding->policies, policy->file, &place, policy, "POLICY_NO_MATCH",
				"no rule %s \"%s\"", binding->is_tag ? "has the tag" : "is called", wanted->text);
		return;
	}
	meant = suggest(wanted->text, wanted->length, rule_name, binding->rules, ruleset_count(binding->rules));
	policies_report(binding->policies, policy->file, &place, policy, "POLICY_ERR_RULE",
			"unknown rule \"%s\"%s%s%s", wanted->text, meant ? " (did you mean \"" : "",
			meant ? meant : "", meant ? "\"?)" : "");
}

static void choose(struct binding *binding, const struct vector *list, bool is_tag)
{
	binding->is_tag = is_tag;
	for (size_t i = 0; i < list->count; i++) {
		struct rule_info rule;
		bool found = false;

		binding->wanted = list->items[i];
		for (size_t k = 0; k < ruleset_count(binding->rules); k++) {
			ruleset_info(binding->rules, k, &rule);
			if (!is_chosen(binding, &rule))
				continue;
			found = true;
			binding->is_in[k] = true;
		}
		if (!found)
			say_nothing_chosen(binding);
	}
}

static int policy_bind(struct policies *policies, const struct ruleset *rules, struct policy *policy, struct err *err)
{
	struct binding binding = { policies, rules, policy, NULL, false, NULL };

	binding.is_in = arena_array(&policies->arena, bool, policies->rule_count + 1);
	if (!binding.is_in)
		return err_set(err, ERR_MEMORY, "out of memory");
	choose(&binding, &policy->rules, false);
	choose(&binding, &policy->tags, true);
	for (size_t i = 0; i < policies->rule_count; i++) {
		struct rule_policies *of_rule = &policies->of_rules[i];

		if (!binding.is_in[i])
			continue;
		policy->rule_count++;
		if (!policy->is_enabled)
			continue;
		if (!vector_push(&of_rule->policies, &policies->arena, policy))
			return err_set(err, ERR_MEMORY, "out of memory");
		of_rule->is_scoped |= policy->is_scoped;
		of_rule->actions |= policy->actions;
		if (policy->severity > of_rule->severity)
			of_rule->severity = policy->severity;
	}
	return 0;
}

static enum severity severity_of(enum priority priority)
{
	if (priority <= PRIORITY_ERROR)
		return SEVERITY_HIGH;
	if (priority == PRIORITY_WARNING)
		return SEVERITY_MEDIUM;
	return priority == PRIORITY_NOTICE ? SEVERITY_LOW : SEVERITY_INFO;
}

static int rule_settle(struct policies *policies, const struct ruleset *rules, size_t number, struct err *err)
{
	struct rule_policies *of_rule = &policies->of_rules[number];
	struct rule_info rule;

	ruleset_info(rules, number, &rule);
	if (!of_rule->policies.count) {
		of_rule->severity = severity_of(rule.priority);
		policies->unused_rules += rule.enabled && !policies->is_optional;
		return 0;
	}
	of_rule->names = arena_array(&policies->arena, const char *, of_rule->policies.count);
	if (!of_rule->names)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < of_rule->policies.count; i++)
		of_rule->names[i] = ((const struct policy *)of_rule->policies.items[i])->name;
	return 0;
}

static int first_error(const struct policies *policies, struct err *err)
{
	for (size_t i = 0; i < policies->diagnostic_count; i++) {
		const struct diagnostic *row = &policies->diagnostics[i];

		if (row->is_error)
			return err_set(err, ERR_SYNTAX, "%s:%d:%d: %s%s%s", row->file, row->line, row->column,
				       row->item ? row->item : "", row->item ? ": " : "", row->message);
	}
	return err_set(err, ERR_SYNTAX, "policies are wrong in more than %d places", POLICY_DIAGNOSTICS_MAX);
}

int policies_bind(struct policies *policies, const struct ruleset *rules, const char *source, struct err *err)
{
	policies->rule_count = ruleset_count(rules);
	policies->of_rules = arena_array(&policies->arena, struct rule_policies, policies->rule_count + 1);
	if (!policies->of_rules)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < policies->items.count; i++) {
		struct policy *policy = policies->items.items[i];

		if (source && policy->source && strcmp(source, policy->source) != 0)
			continue;
		if (policy_bind(policies, rules, policy, err) < 0)
			return err->code;
	}
	for (size_t i = 0; i < policies->rule_count; i++) {
		if (rule_settle(policies, rules, i, err) < 0)
			return err->code;
	}
	return policies->error_count ? first_error(policies, err) : 0;
}
