#include "detection/choice.h"

#include <stddef.h>
#include <strings.h>

#include "model/entity.h"
#include "text/escape.h"

/* In the order in which they are applied. */
static const struct {
	size_t offset; /* of a struct opt_list in struct rule_choice */
	enum rule_trait trait;
	bool enabled;
} kinds[] = {
	{ offsetof(struct rule_choice, disable_sources), RULE_TRAIT_SOURCE, false },
	{ offsetof(struct rule_choice, enable_sources), RULE_TRAIT_SOURCE, true },
	{ offsetof(struct rule_choice, disable_tags), RULE_TRAIT_TAG, false },
	{ offsetof(struct rule_choice, enable_tags), RULE_TRAIT_TAG, true },
	{ offsetof(struct rule_choice, disable_rules), RULE_TRAIT_NAME, false },
	{ offsetof(struct rule_choice, enable_rules), RULE_TRAIT_NAME, true },
};

static int least_apply(const char *name, struct ruleset *set, struct err *err)
{
	for (int i = PRIORITY_EMERGENCY; i <= PRIORITY_DEBUG; i++) {
		if (strcasecmp(name, priority_name((enum priority)i)) != 0)
			continue;
		ruleset_set_least(set, (enum priority)i);
		return 0;
	}
	return err_set(
		err, ERR_USAGE,
		"least-priority is \"%s\", but must be one of emergency, alert, critical, error, warning, notice, "
		"informational, debug",
		name);
}

int rule_choice_apply(const struct rule_choice *choice, struct ruleset *set, struct err *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct opt_list *list = (const void *)((const char *)choice + kinds[i].offset);

		for (size_t k = 0; k < list->count; k++) {
			if (ruleset_choose(set, kinds[i].trait, list->items[k], kinds[i].enabled, err) < 0)
				return err->code;
		}
	}
	if (choice->append_output && ruleset_append_output_path(set, choice->append_output, err) < 0)
		return err->code;
	if (choice->strict)
		ruleset_set_strict(set);
	return choice->least ? least_apply(choice->least, set, err) : 0;
}

void rule_choice_unmatched(const struct ruleset *set, struct strbuf *out)
{
	const char *pattern;
	size_t at = 0;

	while ((pattern = ruleset_unmatched(set, &at))) {
		strbuf_adds(out, "no rule matches \"");
		escape_adds(out, pattern);
		strbuf_adds(out, "\", which was to be turned on or off\n");
	}
}
