/* Tests of rules, any bytes: each case passes or says what is wrong, and its tree can be drawn. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rulecase/case.h"

#define TREE_ARENA_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct ruleset *rules_make(void)
{
	static const char text[] =
		"- rule: A\n  desc: d\n  output: o\n  priority: info\n"
		"  condition: evt.type = open and not proc.aname in (a, b) and fd.net in (10.0.0.0/8)\n"
		"- rule: B\n  desc: d\n  output: o\n  priority: info\n  source: aws_cloudtrail\n"
		"  condition: ct.name = C and json.value[/a/b] != 1\n";
	struct ruleset *set = ruleset_new();
	struct err err;

	if (!set || ruleset_add_text(set, "r.yaml", text, strlen(text), &err) < 0 || ruleset_compile(set, &err) < 0)
		abort();
	return set;
}

static void trees_draw(const struct rule_case *item, const struct ruleset *set)
{
	for (size_t i = 0; i < item->rules.count && !item->is_bad; i++) {
		const struct case_rule *rule = item->rules.items[i];
		AUTO_STRBUF text = STRBUF_INIT;
		AUTO_ARENA arena;
		struct rule_tree tree;
		struct err err;

		arena_init(&arena, TREE_ARENA_MAX);
		if (case_tree(item, set, (size_t)rule->index, &arena, &tree, &err) < 0)
			continue;
		if (tree.parts[0].holds != rule->holds)
			abort();
		tree_print(&tree, true, &text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct ruleset *set;
	AUTO_CASEBOOK book;
	struct err err;

	if (!set)
		set = rules_make();
	casebook_init(&book);
	if (casebook_add_text(&book, "t.yaml", (const char *)data, size, &err) < 0)
		return 0;
	if (casebook_run(&book, set, &err) < 0)
		return 0;
	for (size_t i = 0; i < book.cases.count; i++)
		trees_draw(book.cases.items[i], set);
	return 0;
}
