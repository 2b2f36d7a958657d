#include <fnmatch.h>

#include "rules/set.h"

#define CHOICES_MAX 10000

int ruleset_choose(struct ruleset *set, enum rule_trait trait, const char *pattern, bool enabled, struct err *err)
{
	struct choice *choice = arena_new(&set->arena, struct choice);
	const char *copy = arena_dup(&set->arena, pattern);

	if (set->choices.count == CHOICES_MAX)
		return err_set(err, ERR_LIMIT, "more than %d choices of rules", CHOICES_MAX);
	if (!choice || !copy || !vector_push(&set->choices, &set->arena, choice))
		return err_set(err, ERR_MEMORY, "out of memory");
	*choice = (struct choice){ .trait = trait, .pattern = copy, .enabled = enabled };
	return 0;
}

void ruleset_set_least(struct ruleset *set, enum priority least)
{
	set->least = least;
}

void ruleset_set_strict(struct ruleset *set)
{
	set->is_strict = true;
}

const char *ruleset_unmatched(const struct ruleset *set, size_t *at)
{
	while (*at < set->choices.count) {
		const struct choice *choice = set->choices.items[(*at)++];

		if (!choice->is_used)
			return choice->pattern;
	}
	return NULL;
}

static bool choice_means(const struct choice *choice, const struct rule_item *rule)
{
	if (choice->trait != RULE_TRAIT_TAG)
		return fnmatch(choice->pattern, choice->trait == RULE_TRAIT_NAME ? rule->name : rule->source, 0) == 0;
	for (size_t i = 0; i < rule->tags.count; i++) {
		if (fnmatch(choice->pattern, rule->tags.items[i], 0) == 0)
			return true;
	}
	return false;
}

void choices_apply(struct ruleset *set)
{
	for (size_t i = 0; i < set->rules.count; i++) {
		struct rule_item *rule = set->rules.items[i];

		for (size_t k = 0; k < set->choices.count; k++) {
			struct choice *choice = set->choices.items[k];

			if (!choice_means(choice, rule))
				continue;
			choice->is_used = true;
			rule->enabled = choice->enabled;
		}
		if (rule->priority > set->least)
			rule->enabled = false;
	}
}
