#include <string.h>

#include "rulecase/book.h"
#include "rules/facts.h"

static void rules_find(struct casebook *book, struct rule_case *item, const struct ruleset *set)
{
	for (size_t i = 0; i < item->rules.count; i++) {
		struct case_rule *rule = item->rules.items[i];
		const char *meant;
		struct rule_info info;

		rule->index = ruleset_find(set, rule->name);
		if (rule->index < 0) {
			meant = ruleset_suggest(set, rule->name);
			case_error(book, item, rule->node, "TEST_UNKNOWN_RULE", "no rule is called \"%s\"%s%s%s",
				   rule->name, meant ? " (did you mean \"" : "", meant ? meant : "",
				   meant ? "\"?)" : "");
			continue;
		}
		ruleset_info(set, (size_t)rule->index, &info);
		if (strcmp(info.source, item->source) != 0)
			case_error(book, item, rule->node, "TEST_UNKNOWN_RULE",
				   "rule \"%s\" is of source %s, the test of source %s", rule->name, info.source,
				   item->source);
	}
}

static void held_note(void *context, size_t number)
{
	struct rule_case *item = context;

	for (size_t i = 0; i < item->rules.count; i++) {
		struct case_rule *rule = item->rules.items[i];

		rule->holds |= rule->index == (int)number;
	}
}

static int case_run(struct casebook *book, struct rule_case *item, const struct ruleset *set, struct err *err)
{
	AUTO_CASE_EVENT event;

	item->passed = false;
	for (size_t i = 0; i < item->rules.count; i++)
		((struct case_rule *)item->rules.items[i])->holds = false;
	if (case_event_open(&event, item, err) < 0) {
		if (err->code == ERR_MEMORY)
			return err->code;
		case_error(book, item, item->record, "TEST_VALUE", "%s", err->message);
		return 0;
	}
	ruleset_match(set, item->source, event.evt_type, &event.reader, held_note, item);
	item->passed = true;
	for (size_t i = 0; i < item->rules.count; i++) {
		const struct case_rule *rule = item->rules.items[i];

		item->passed = item->passed && rule->holds == rule->must;
	}
	return 0;
}

int casebook_run(struct casebook *book, const struct ruleset *set, struct err *err)
{
	size_t failed = book->bad_files;

	for (size_t i = 0; i < book->cases.count; i++) {
		struct rule_case *item = book->cases.items[i];

		if (item->source)
			rules_find(book, item, set);
		if (!item->is_bad && case_run(book, item, set, err) < 0)
			return err->code;
		failed += !item->passed;
	}
	return (int)failed;
}

int case_tree(const struct rule_case *item, const struct ruleset *set, size_t rule, struct arena *arena,
	      struct rule_tree *ret, struct err *err)
{
	AUTO_CASE_EVENT event;
	struct tree_event asked;

	if (case_event_open(&event, item, err) < 0)
		return err->code;
	asked = (struct tree_event){ event.evt_type, &event.reader };
	return ruleset_tree(set, rule, &asked, arena, ret) ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}
