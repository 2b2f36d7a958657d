#include "cli/rules.h"

#include "detection/pack.h"

int rules_load(const struct rules_from *from, struct ruleset **ret, bool *ret_is_bad, struct err *err)
{
	struct ruleset *set = ruleset_new();
	int code = set ? 0 : err_set(err, ERR_MEMORY, "out of memory");

	if (code == 0 && from->choice)
		code = rule_choice_apply(from->choice, set, err);
	if (code == 0 && from->count == 0)
		code = rulepack_add(set, NULL, err);
	for (int i = 0; code == 0 && i < from->count; i++)
		code = ruleset_add_path(set, from->paths[i], err);
	if (code == 0) {
		code = ruleset_compile(set, err);
		*ret_is_bad = code < 0;
		/* Each problem has its own line; the first one's text is not needed. */
		if (code == ERR_SYNTAX)
			code = 0;
	}
	*ret = set;
	return code;
}

void ruleset_free_pointer(struct ruleset **set)
{
	ruleset_free(*set);
	*set = NULL;
}
