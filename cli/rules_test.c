#include <string.h>

#include "cli/commands.h"
#include "cli/rules.h"
#include "cli/rules_tree.h"
#include "cli/screen.h"
#include "json/json.h"
#include "rulecase/case.h"
#include "text/escape.h"

#define FORMATS	       (1u << TABLE_TEXT | 1u << TABLE_JSON)
#define TREE_ARENA_MAX (256u << 20)

struct rules_test_conf {
	const char *output;
	struct opt_list rules;
};

static const struct opt opts[] = {
	OPT(rules_test_conf, rules, "rules", 'r', OPT_LIST, "RULES", NULL,
	    "rule file or folder to test instead of the shipped rules; may be repeated"),
	OPT(rules_test_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table (text for people) or json"),
	OPT_END,
};

struct report {
	const struct casebook *book;
	const struct ruleset *set;
	struct arena arena; /* of one tree */
	struct strbuf text;
	json_t *cases; /* NULL for text */
};

static void report_fini(struct report *report)
{
	arena_fini(&report->arena);
	strbuf_fini(&report->text);
	json_decref(report->cases);
}

static void failure_text(struct report *report, const struct rule_case *item, const struct case_rule *rule,
			 const struct rule_info *info, const struct rule_tree *tree)
{
	escape_adds(&report->text, case_file_name(item));
	strbuf_addf(&report->text, ":%d:%d: ", item->line, item->column);
	escape_adds(&report->text, item->name);
	strbuf_adds(&report->text, ": rule \"");
	escape_adds(&report->text, rule->name);
	strbuf_adds(&report->text, rule->must ? "\" must hold, but does not" : "\" must not hold, but does");
	strbuf_adds(&report->text, info->enabled ? "\n" : " (it is disabled)\n");
	tree_print(tree, true, &report->text);
}

static json_t *failure_json(const struct case_rule *rule, const struct rule_info *info, const struct rule_tree *tree)
{
	json_t *json = json_object();

	json_set_text(json, "rule", rule->name);
	json_set_text(json, "wanted", rule->must ? "must" : "must_not");
	json_object_set_new(json, "enabled", json_boolean(info->enabled));
	json_object_set_new(json, "tree", rules_tree_json(tree, true));
	return json;
}

static int failure_add(struct report *report, const struct rule_case *item, const struct case_rule *rule,
		       json_t *failures, struct err *err)
{
	struct rule_tree tree;
	struct rule_info info;

	arena_reset(&report->arena);
	ruleset_info(report->set, (size_t)rule->index, &info);
	if (case_tree(item, report->set, (size_t)rule->index, &report->arena, &tree, err) < 0)
		return err->code;
	if (failures)
		json_array_append_new(failures, failure_json(rule, &info, &tree));
	else
		failure_text(report, item, rule, &info, &tree);
	return 0;
}

static int case_add(struct report *report, const struct rule_case *item, struct err *err)
{
	json_t *json = report->cases ? json_object() : NULL, *failures = json ? json_array() : NULL;

	if (json) {
		json_set_text(json, "file", case_file_name(item));
		json_object_set_new(json, "line", json_integer(item->line));
		json_object_set_new(json, "column", json_integer(item->column));
		json_set_text(json, "test", item->name);
		json_set_text(json, "source", item->source);
		json_object_set_new(json, "passed", json_boolean(item->passed));
		json_object_set_new(json, "failures", failures);
		json_array_append_new(report->cases, json);
	}
	for (size_t i = 0; i < item->rules.count && !item->is_bad; i++) {
		const struct case_rule *rule = item->rules.items[i];

		if (rule->holds != rule->must && failure_add(report, item, rule, failures, err) < 0)
			return err->code;
	}
	return 0;
}

static int report_finish(struct report *report, size_t failed, struct err *err)
{
	const struct casebook *book = report->book;
	size_t passed = book->cases.count + book->bad_files - failed;
	AUTO_JSON document = NULL;
	json_t *problems;

	if (!report->cases) {
		for (size_t i = 0; i < book->diagnostics.count; i++)
			diagnostic_format(book->diagnostics.items[i], &report->text);
		strbuf_addf(&report->text, "%zu passed, %zu failed\n", passed, failed);
		return screen_write(&report->text, err);
	}
	document = json_object();
	problems = json_array();
	for (size_t i = 0; i < book->diagnostics.count; i++)
		json_array_append_new(problems, rules_diagnostic_json(book->diagnostics.items[i]));
	json_object_set_new(document, "passed", json_integer((json_int_t)passed));
	json_object_set_new(document, "failed", json_integer((json_int_t)failed));
	json_object_set_new(document, "errors", problems);
	json_object_set(document, "tests", report->cases);
	return document ? screen_json(document, err) : err_set(err, ERR_MEMORY, "out of memory");
}

/* Tests say nothing about rules that do not even load. */
static int rules_take(const struct rules_test_conf *conf, struct ruleset **ret, struct err *err)
{
	const struct rules_from from = { (int)conf->rules.count, (char **)conf->rules.items, NULL };
	bool is_bad = false;

	if (rules_load(&from, ret, &is_bad, err) < 0)
		return err->code;
	if (!is_bad)
		return 0;
	err_set(err, ERR_SYNTAX, "the rules have errors");
	err_hint(err, "secctl rules check");
	return err->code;
}

static int run(const void *options, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct rules_test_conf *conf = options;
	CLEANUP(report_fini)
	struct report report = { .text = STRBUF_INIT };
	AUTO_CASEBOOK book;
	AUTO_RULESET set = NULL;
	enum table_format format;
	int failed;

	arena_init(&report.arena, TREE_ARENA_MAX);
	casebook_init(&book);
	if (screen_format(conf->output, FORMATS, &format, err) < 0 || rules_take(conf, &set, err) < 0)
		return err->code;
	for (int i = 0; i < argc; i++) {
		if (casebook_add_path(&book, argv[i], err) < 0)
			return err->code;
	}
	failed = casebook_run(&book, set, err);
	if (failed < 0)
		return failed;
	report.book = &book;
	report.set = set;
	report.cases = format == TABLE_JSON ? json_array() : NULL;
	for (size_t i = 0; i < book.cases.count; i++) {
		if (case_add(&report, book.cases.items[i], err) < 0)
			return err->code;
	}
	if (failed)
		*ret_exit = err_exit_code(ERR_FAILED);
	return report_finish(&report, (size_t)failed, err);
}

const struct command rules_test_command = {
	.name = "rules test",
	.arguments = "FILE|DIR...",
	.summary = "run the tests that stand beside rules, and show what decided where one fails",
	.details =
		"Examples:\n"
		"  secctl rules test rules/\n"
		"  secctl rules test -r falco_rules.yaml -r mine.yaml mine/tests/shells.yaml\n"
		"\n"
		"DIR stands for every *.yaml in a folder called \"tests\" at or below it. The format of tests is in "
		"docs/rules.md.\n"
		"A test that fails shows the condition with what the event made of it; \"<- decides\" marks the "
		"checks that\n"
		"the outcome hangs on. Exits with 1 when a test fails or cannot be run.",
	.opts = opts,
	.conf_size = sizeof(struct rules_test_conf),
	.args_min = 1,
	.args_max = -1,
	.run = run,
};
