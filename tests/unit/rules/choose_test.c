#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "detection/choice.h"
#include "rules/given.h"

static const char rules_text[] = "- rule: Write binary\n  desc: d\n  condition: evt.type = open\n  output: o\n  "
				 "priority: error\n  tags: [file, pci]\n"
				 "- rule: Write etc\n  desc: d\n  condition: evt.type = open\n  output: o\n  "
				 "priority: notice\n  tags: [file]\n"
				 "- rule: Off\n  desc: d\n  condition: evt.type = open\n  output: o\n  priority: "
				 "error\n  enabled: false\n  tags: [x]\n"
				 "- rule: Login\n  desc: d\n  condition: ct.name = a\n  output: o\n  priority: "
				 "error\n  source: aws_cloudtrail\n";

/* The rules that are on, one letter each. */
static void enabled(const struct rule_choice *choice, char ret[5])
{
	struct ruleset *set = ruleset_new();
	struct rule_info info;
	struct err err;
	size_t count = 0;

	assert_int_equal(rule_choice_apply(choice, set, &err), 0);
	assert_int_equal(ruleset_add_text(set, "r.yaml", rules_text, strlen(rules_text), &err), 0);
	assert_int_equal(ruleset_compile(set, &err), 0);
	for (size_t i = 0; i < ruleset_count(set); i++) {
		ruleset_info(set, i, &info);
		if (info.enabled)
			ret[count++] = "BEOL"[i];
	}
	ret[count] = 0;
	ruleset_free(set);
}

static void rules_are_chosen_by_source_tag_and_name(void **state)
{
	static const struct {
		struct rule_choice choice;
		const char *enabled;
	} cases[] = {
		{ { .least = NULL }, "BEL" },
		{ { .disable_rules = { { "Write*" }, 1 } }, "L" },
		{ { .disable_rules = { { "Write" }, 1 } }, "BEL" },
		{ { .enable_rules = { { "O??" }, 1 } }, "BEOL" },
		{ { .disable_tags = { { "file" }, 1 } }, "L" },
		{ { .disable_tags = { { "fil" }, 1 } }, "BEL" },
		{ { .disable_tags = { { "file" }, 1 }, .enable_tags = { { "pci" }, 1 } }, "BL" },
		{ { .disable_sources = { { "*" }, 1 }, .enable_tags = { { "x" }, 1 } }, "O" },
		{ { .disable_sources = { { "aws_cloudtrail" }, 1 } }, "BE" },
		{ { .disable_rules = { { "*" }, 1 }, .enable_rules = { { "Login", "Off" }, 2 } }, "OL" },
		{ { .least = "error" }, "BL" },
		{ { .least = "Critical", .enable_rules = { { "*" }, 1 } }, "" },
	};
	char got[5];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enabled(&cases[i].choice, got);
		assert_string_equal(got, cases[i].enabled);
	}
}

static void a_choice_without_effect_is_told(void **state)
{
	const struct rule_choice choice = { .disable_rules = { { "Write*", "Wrte*" }, 2 } };
	struct ruleset *set = ruleset_new();
	AUTO_STRBUF out = STRBUF_INIT;
	struct err err;

	(void)state;
	assert_int_equal(rule_choice_apply(&choice, set, &err), 0);
	assert_int_equal(ruleset_add_text(set, "r.yaml", rules_text, strlen(rules_text), &err), 0);
	assert_int_equal(ruleset_compile(set, &err), 0);
	rule_choice_unmatched(set, &out);
	assert_string_equal(out.data, "no rule matches \"Wrte*\", which was to be turned on or off\n");
	ruleset_free(set);
}

static void a_priority_that_is_none_is_refused(void **state)
{
	const struct rule_choice choice = { .least = "urgent" };
	struct ruleset *set = ruleset_new();
	struct err err;

	(void)state;
	assert_int_equal(rule_choice_apply(&choice, set, &err), ERR_USAGE);
	ruleset_free(set);
}

/* 1 if the condition holds, 0 if not, -1 if it does not compile. */
static int holds(const char *source, const char *condition, bool strict)
{
	static const char *const ends[] = { "10.0.0.1", "192.168.7.7" };
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_ARENA arena;
	struct ruleset *set = ruleset_new();
	struct given given;
	struct field_reader reader;
	struct err err;
	int found = -1;

	arena_init(&arena, 1u << 20);
	assert_true(given_init(&given, &arena));
	assert_int_equal(given_set(&given, SOURCE_SYSCALL, "fd.net", ends, 1, &err), 0);
	assert_int_equal(given_set(&given, SOURCE_SYSCALL, "proc.args", (const char *[]){ "a\\" }, 1, &err), 0);
	assert_int_equal(
		given_set(&given, SOURCE_CLOUDTRAIL, "ct.request.documentname", (const char *[]){ "d" }, 1, &err), 0);
	reader = given_reader(&given);
	if (strict)
		ruleset_set_strict(set);
	strbuf_addf(&text,
		    "- rule: r\n  desc: d\n  output: o\n  priority: info\n  warn_evttypes: false\n  source: %s\n"
		    "  condition: >\n    %s\n",
		    source, condition);
	assert_int_equal(ruleset_add_text(set, "r.yaml", text.data, text.length, &err), 0);
	if (ruleset_compile(set, &err) == 0)
		found = (int)ruleset_match(set, source, "open", &reader, NULL, NULL);
	ruleset_free(set);
	return found;
}

static void bugs_of_falco_come_back_when_asked_for(void **state)
{
	static const struct {
		const char *source, *condition;
		int here, strict;
	} cases[] = {
		{ "syscall", "fd.net in (172.16.0.0/12, 10.0.0.0/8)", 1, 0 },
		{ "syscall", "fd.net in (10.0.0.0/8, 172.16.0.0/12)", 1, 1 },
		{ "syscall", "not proc.args in (\"\\q\")", -1, 1 },
		{ "syscall", "proc.args in (a, \"\\q\")", -1, -1 },
		{ "syscall", "proc.args = \"a\\\\\"", 1, -1 },
		{ "syscall", "proc.args = \"a\\ \"", 1, 1 },
		{ "aws_cloudtrail", "ct.request.documentname exists", 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(holds(cases[i].source, cases[i].condition, false), cases[i].here);
		assert_int_equal(holds(cases[i].source, cases[i].condition, true), cases[i].strict);
	}
}

static void every_bug_stands_in_the_documentation(void **state)
{
	static const char *const rows[] = {
#define QUIRK(id, falco, here) "| " falco " | " here " |",
#include "rules/quirks.def"
#undef QUIRK
	};
	AUTO_STRBUF path = STRBUF_INIT, text = STRBUF_INIT;
	struct err err;

	(void)state;
	strbuf_addf(&path, "%s/docs/rules.md", getenv("CLEWLINE_SOURCE"));
	assert_int_equal(file_read(path.data, 1u << 20, &text, &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_non_null(strstr(text.data, rows[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_chosen_by_source_tag_and_name),
		cmocka_unit_test(a_choice_without_effect_is_told),
		cmocka_unit_test(a_priority_that_is_none_is_refused),
		cmocka_unit_test(bugs_of_falco_come_back_when_asked_for),
		cmocka_unit_test(every_bug_stands_in_the_documentation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
