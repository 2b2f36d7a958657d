#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rulecase/case.h"
#include "rules/facts.h"

static const char rules_text[] =
	"- list: shells\n  items: [bash, sh]\n"
	"- macro: spawned\n  condition: evt.type = execve\n"
	"- macro: never\n  condition: evt.num = 0\n"
	"- rule: Shell\n  desc: d\n  condition: spawned and proc.name in (shells) and not proc.aname in (sshd) and "
	"not never\n"
	"  output: o %proc.name\n  priority: info\n"
	"- rule: Shell of the web server\n  desc: d\n  condition: spawned and proc.pname = nginx\n  output: o\n"
	"  priority: info\n"
	"- rule: Login\n  desc: d\n  source: aws_cloudtrail\n"
	"  condition: ct.name = ConsoleLogin and json.value[/a/b] = \"1\"\n  output: o\n  priority: info\n";

static struct ruleset *rules_make(void)
{
	struct ruleset *set = ruleset_new();
	struct err err;

	assert_int_equal(ruleset_add_text(set, "rules.yaml", rules_text, strlen(rules_text), &err), 0);
	assert_int_equal(ruleset_compile(set, &err), 0);
	return set;
}

static int run(struct casebook *book, const char *text)
{
	struct ruleset *set = rules_make();
	struct err err;
	int failed;

	casebook_init(book);
	assert_int_equal(casebook_add_text(book, "t.yaml", text, strlen(text), &err), 0);
	failed = casebook_run(book, set, &err);
	ruleset_free(set);
	return failed;
}

static void cases_pass_when_rules_do_as_they_say(void **state)
{
	AUTO_CASEBOOK book;

	(void)state;
	assert_int_equal(run(&book,
			     "- test: a shell\n"
			     "  event: {evt.type: execve, proc.name: sh, proc.aname: [nginx, systemd]}\n"
			     "  must: [Shell]\n  must_not: [Shell of the web server]\n"
			     "- test: over ssh\n"
			     "  event: {evt.type: execve, proc.name: sh, 'proc.aname[2]': sshd, proc.pname: null}\n"
			     "  must_not: [Shell]\n"
			     "- test: a record\n  source: aws_cloudtrail\n"
			     "  record: {eventName: ConsoleLogin, a: {b: 1}}\n  must: [Login]\n"
			     "- test: fields of a record\n  source: aws_cloudtrail\n"
			     "  event: {ct.name: ConsoleLogin, 'json.value[/a/b]': 1}\n  must: [Login]\n"),
			 0);
	assert_int_equal(book.cases.count, 4);
	assert_int_equal(book.diagnostics.count, 0);
}

static void a_case_fails_when_a_rule_does_otherwise(void **state)
{
	AUTO_CASEBOOK book;
	const struct rule_case *item;

	(void)state;
	assert_int_equal(run(&book, "- test: fine\n  event: {evt.type: execve, proc.name: sh}\n  must: [Shell]\n"
				    "- test: not\n  event: {evt.type: execve, proc.name: vi}\n  must: [Shell]\n"),
			 1);
	item = book.cases.items[1];
	assert_false(item->passed);
	assert_false(item->is_bad);
	assert_int_equal(item->line, 4);
}

static void what_is_wrong_with_cases_has_its_place(void **state)
{
	static const struct {
		const char *text, *code;
		int line, column;
	} cases[] = {
		{ "- test: a\n  evnt: {}\n  event: {evt.type: open}\n  must: [Shell]\n", "TEST_UNKNOWN_KEY", 2, 3 },
		{ "- test: a\n  event: {evt.type: open, no.field: 1}\n  must: [Shell]\n", "TEST_UNKNOWN_FIELD", 2,
		  27 },
		{ "- test: a\n  event: {evt.type: open, ct.name: x}\n  must: [Shell]\n", "TEST_UNKNOWN_FIELD", 2,
		  27 },
		{ "- test: a\n  event: {evt.type: open, evt.rawres: x}\n  must: [Shell]\n", "TEST_VALUE", 2, 39 },
		{ "- test: a\n  event: {evt.type: open}\n  must: [Shel]\n", "TEST_UNKNOWN_RULE", 3, 10 },
		{ "- test: a\n  event: {evt.type: open}\n  must: [Login]\n", "TEST_UNKNOWN_RULE", 3, 10 },
		{ "- test: a\n  event: {evt.type: open}\n", "TEST_VALUE", 1, 3 },
		{ "- test: a\n  event: {proc.name: sh}\n  must: [Shell]\n", "TEST_VALUE", 2, 11 },
		{ "- test: a\n  must: [Shell]\n", "TEST_VALUE", 1, 3 },
		{ "test: a\n", "TEST_YAML", 1, 1 },
		{ "- test: [\n", "TEST_YAML", 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		AUTO_CASEBOOK book;
		const struct diagnostic *diagnostic;

		assert_int_equal(run(&book, cases[i].text), 1);
		assert_true(book.diagnostics.count >= 1);
		diagnostic = book.diagnostics.items[0];
		assert_string_equal(diagnostic->code, cases[i].code);
		assert_int_equal(diagnostic->line, cases[i].line);
		assert_int_equal(diagnostic->column, cases[i].column);
	}
}

static void the_tree_marks_the_check_that_decided(void **state)
{
	AUTO_CASEBOOK book;
	AUTO_ARENA arena;
	AUTO_STRBUF text = STRBUF_INIT;
	struct ruleset *set = rules_make();
	struct rule_tree tree;
	struct err err;

	(void)state;
	arena_init(&arena, 1u << 20);
	assert_int_equal(run(&book, "- test: over ssh\n"
				    "  event: {evt.type: execve, proc.name: sh, proc.aname: [bash, sshd]}\n"
				    "  must: [Shell]\n"),
			 1);
	assert_int_equal(case_tree(book.cases.items[0], set, 0, &arena, &tree, &err), 0);
	tree_print(&tree, true, &text);
	assert_string_equal(
		text.data,
		"    no   and\n"
		"    yes    spawned: evt.type = execve                                evt.type is \"execve\"\n"
		"    yes    proc.name in (bash, sh)                                   proc.name is \"sh\"\n"
		"    no     not\n"
		"    yes      proc.aname in (sshd)                                    proc.aname is "
		"\"(bash,sshd)\"  <- decides\n"
		"    yes    not (1 part)\n");
	ruleset_free(set);
}

static void facts_tell_what_a_rule_costs(void **state)
{
	AUTO_ARENA arena;
	struct ruleset *set = rules_make();
	struct rule_facts facts;

	(void)state;
	arena_init(&arena, 1u << 20);
	assert_int_equal(ruleset_find(set, "Shell"), 0);
	assert_int_equal(ruleset_find(set, "shell"), -1);
	assert_string_equal(ruleset_suggest(set, "Shel"), "Shell");
	assert_true(ruleset_facts(set, 0, &arena, &facts));
	assert_int_equal(facts.checks, 4);
	assert_int_equal(facts.distinct_checks, 4);
	assert_int_equal(facts.shared_checks, 1);
	assert_int_equal(facts.macros.count, 2);
	assert_int_equal(facts.lists.count, 1);
	assert_int_equal(facts.evt_types.count, 1);
	assert_string_equal(facts.evt_types.names[0], "execve");
	assert_false(facts.all_evt_types);
	assert_string_equal(facts.output_fields.names[0], "proc.name");
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases_pass_when_rules_do_as_they_say),
		cmocka_unit_test(a_case_fails_when_a_rule_does_otherwise),
		cmocka_unit_test(what_is_wrong_with_cases_has_its_place),
		cmocka_unit_test(the_tree_marks_the_check_that_decided),
		cmocka_unit_test(facts_tell_what_a_rule_costs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
