#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rules/falco_output.h"
#include "rules/ruleset.h"

#define BASE "- rule: r\n  desc: d\n  condition: evt.type=open\n  output: o\n  priority: info\n  tags: [a]\n"

/* The file after BASE; NULL if it does not compile, with the first error. */
static struct ruleset *load(const char *more, struct err *err)
{
	struct ruleset *set = ruleset_new();
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addf(&text, BASE "%s", more);
	assert_int_equal(ruleset_add_text(set, "t.yaml", text.data, text.length, err), 0);
	if (ruleset_compile(set, err) == 0)
		return set;
	ruleset_free(set);
	return NULL;
}

static void later_items_append_and_override(void **state)
{
	static const char more[] =
		"- rule: r\n  condition: and proc.name=x\n  output: and %proc.name\n  priority: alert\n"
		"  tags: [b]\n  override: {condition: append, output: append, priority: replace, tags: "
		"append}\n";
	struct rule_info info;
	struct err err;
	struct ruleset *set = load(more, &err);

	(void)state;
	assert_non_null(set);
	assert_int_equal(ruleset_count(set), 1);
	ruleset_info(set, 0, &info);
	assert_string_equal(info.condition, "(evt.type = open and proc.name = x)");
	assert_string_equal(info.output, "o and %proc.name");
	assert_int_equal(ruleset_compile(set, &err), ERR_FAILED);
	assert_int_equal(info.priority, PRIORITY_ALERT);
	assert_int_equal(info.tag_count, 2);
	assert_int_equal(info.line, 1);
	ruleset_free(set);
}

static void exceptions_become_part_of_the_condition(void **state)
{
	static const char more[] = "- rule: r\n  override: {exceptions: append}\n  exceptions:\n"
				   "    - {name: one, fields: proc.name, values: [a, b c]}\n"
				   "    - {name: two, fields: [fd.name, proc.name], comps: [startswith, =],\n"
				   "       values: [[/x, y], [/z, w]]}\n";
	struct rule_info info;
	struct err err;
	struct ruleset *set = load(more, &err);

	(void)state;
	assert_non_null(set);
	ruleset_info(set, 0, &info);
	assert_string_equal(info.condition,
			    "(evt.type = open and not proc.name in (a, \"b c\") and not ((fd.name startswith /x and "
			    "proc.name = y) or (fd.name startswith /z and proc.name = w)))");
	ruleset_free(set);
}

static void mistakes_in_files_are_told_with_their_place(void **state)
{
	static const struct {
		const char *more, *message;
	} cases[] = {
		{ "- rule: s\n  append: true\n  condition: and x\n",
		  "t.yaml:7:3: rule \"s\": Rule uses 'append' or 'override.<key>: append' but no rule by that name "
		  "already "
		  "exists" },
		{ "- rule: r\n  override: {priority: append}\n  priority: info\n",
		  "t.yaml:8:14: rule \"r\": Key 'priority' cannot be appended to, use 'replace' instead" },
		{ "- required_engine_version: 99\n",
		  "t.yaml:7:28: required_engine_version: Rules require engine version 0.99.0, but engine version is "
		  "0.63.0" },
		{ "- required_plugin_versions: [{name: k8saudit, version: 0.1.0}]\n",
		  "t.yaml:7:31: required_plugin_versions: Plugin requirement not satisfied, must load one of: "
		  "k8saudit "
		  "(>= 0.1.0)" },
		{ "- macro: m\n  condition: m\n- rule: s\n  desc: d\n  condition: m\n  output: o\n  priority: info\n",
		  "t.yaml:8:14: macro \"m\": Undefined macro 'm' used in filter. (it is defined further down)" },
		{ "- list: l\n", "t.yaml:7:3: list \"l\": Item has no mapping for key 'items'" },
		{ "- 7\n", "t.yaml:7:3: Unexpected element type. Each element should be a yaml associative array." },
		{ "- rule: q\n  desc: d\n  condition: evt.type=open and fd.name regex '/a(b'\n  output: o\n  "
		  "priority: "
		  "info\n",
		  "t.yaml:9:51: rule \"q\": invalid regular expression: missing closing parenthesis" },
		{ "- rule: q\n  desc: d\n  condition: evt.type=open and fd.sport = http and fd.ip = 1.2.3\n  output: "
		  "o\n  "
		  "priority: info\n",
		  "t.yaml:9:60: rule \"q\": filter error: '1.2.3' is not an IP address" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_null(load(cases[i].more, &err));
		assert_string_equal(err.message, cases[i].message);
	}
}

static void a_rule_may_be_left_out_when_it_names_what_is_not_known(void **state)
{
	static const char more[] = "- rule: s\n  desc: d\n  condition: evt.type=open and no.such=1\n  output: o\n"
				   "  priority: info\n  skip-if-unknown-filter: true\n";
	struct err err;
	struct ruleset *set = load(more, &err);
	const struct diagnostic *diagnostics;
	size_t count;

	(void)state;
	assert_non_null(set);
	assert_int_equal(ruleset_count(set), 1);
	diagnostics = ruleset_diagnostics(set, &count);
	assert_int_equal(count, 1);
	assert_false(diagnostics[0].is_error);
	assert_string_equal(diagnostics[0].code, "LOAD_UNKNOWN_FILTER");
	ruleset_free(set);
}

static void macros_that_double_do_not_run_away(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	struct err err;

	(void)state;
	strbuf_adds(&text, "- macro: m0\n  condition: proc.name=x or proc.name=y\n");
	for (int i = 1; i < 60; i++)
		strbuf_addf(&text, "- macro: m%d\n  condition: m%d and not m%d\n", i, i - 1, i - 1);
	strbuf_adds(&text,
		    "- rule: s\n  desc: d\n  condition: evt.type=open and m59\n  output: o\n  priority: info\n");
	assert_null(load(text.data, &err));
	assert_non_null(strstr(err.message, "the condition is too large with its macros"));
}

/* Each macro is appended a use of the next one, so that the first needs all of them open at once. */
static void macros_that_nest_do_not_exhaust_the_stack(void **state)
{
	AUTO_STRBUF text = STRBUF_INIT;
	struct err err;

	(void)state;
	for (int i = 0; i < 5000; i++)
		strbuf_addf(&text, "- macro: m%d\n  condition: proc.name=x\n", i);
	for (int i = 0; i + 1 < 5000; i++)
		strbuf_addf(&text, "- macro: m%d\n  condition: or m%d\n  override: {condition: append}\n", i, i + 1);
	strbuf_adds(&text,
		    "- rule: s\n  desc: d\n  condition: evt.type=open and m0\n  output: o\n  priority: info\n");
	assert_null(load(text.data, &err));
	assert_non_null(strstr(err.message, "is nested too deep in other macros"));
}

static void a_diagnostic_shows_the_line_and_cannot_reach_the_terminal(void **state)
{
	const struct diagnostic diagnostic = { .is_error = true,
					       .code = "LOAD_ERR_VALIDATE",
					       .file = "f.yaml",
					       .line = 3,
					       .column = 7,
					       .message = "no \033[31m",
					       .snippet = "\ta: \033b\xc3\xa4 c" };
	AUTO_STRBUF out = STRBUF_INIT;

	(void)state;
	diagnostic_format(&diagnostic, &out);
	assert_string_equal(out.data, "f.yaml:3:7: error: no \\x1b[31m [LOAD_ERR_VALIDATE]\n"
				      "    \\x09a: \\x1bb\xc3\xa4 c\n"
				      "                ^\n");
}

static void alerts_print_as_falco_prints_them(void **state)
{
	static const struct alert_field fields[] = { { "evt.time", "1470326657881781397" },
						     { "proc.name", "\"sh\\n\"" },
						     { "proc.cwd", "null" } };
	static const char *const tags[] = { "b", "a" };
	const struct alert alert = { .rule = "r",
				     .rule_version = "0",
				     .priority = PRIORITY_WARNING,
				     .source = "syscall",
				     .output = "say \"hi\"\n\033",
				     .tags = tags,
				     .tag_count = 2,
				     .fields = fields,
				     .field_count = 3 };
	AUTO_STRBUF out = STRBUF_INIT;
	struct err err;

	(void)state;
	falco_text_line(&alert, INT64_C(1470326657881781397), &out);
	assert_string_equal(out.data, "16:04:17.881781397: Warning say \\\"hi\\\"\\n\\u001B\n");
	strbuf_clear(&out);
	assert_int_equal(falco_json_line(&alert, INT64_C(1470326657881781397), "h", &out, &err), 0);
	assert_string_equal(
		out.data,
		"{\"hostname\":\"h\",\"output\":\"16:04:17.881781397: Warning say \\\"hi\\\"\\n\\u001B\","
		"\"output_fields\":{\"evt.time\":1470326657881781397,\"proc.cwd\":null,\"proc.name\":\"sh\\n\"},"
		"\"priority\":\"Warning\",\"rule\":\"r\",\"source\":\"syscall\",\"tags\":[\"a\",\"b\"],"
		"\"time\":\"2016-08-04T16:04:17.881781397Z\"}\n");
}

static void alerts_say_what_was_done_about_them(void **state)
{
	static const struct response responses[] = { { ACTION_KILL, OUTCOME_DONE, "process 7, before its call" },
						     { ACTION_STOP, OUTCOME_REFUSED, "why\n" } };
	const struct alert alert = { .rule = "r",
				     .rule_version = "0",
				     .priority = PRIORITY_WARNING,
				     .source = "syscall",
				     .output = "o",
				     .responses = responses,
				     .response_count = 2 };
	AUTO_STRBUF out = STRBUF_INIT;
	struct err err;

	(void)state;
	assert_int_equal(falco_json_line(&alert, 0, "h", &out, &err), 0);
	assert_non_null(strstr(out.data, "\"responses\":[{\"action\":\"kill\",\"detail\":\"process 7, before its "
					 "call\",\"outcome\":\"done\"},{\"action\":\"stop\",\"detail\":\"why\\n\","
					 "\"outcome\":\"refused\"}]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_items_append_and_override),
		cmocka_unit_test(exceptions_become_part_of_the_condition),
		cmocka_unit_test(mistakes_in_files_are_told_with_their_place),
		cmocka_unit_test(a_rule_may_be_left_out_when_it_names_what_is_not_known),
		cmocka_unit_test(macros_that_double_do_not_run_away),
		cmocka_unit_test(macros_that_nest_do_not_exhaust_the_stack),
		cmocka_unit_test(a_diagnostic_shows_the_line_and_cannot_reach_the_terminal),
		cmocka_unit_test(alerts_print_as_falco_prints_them),
		cmocka_unit_test(alerts_say_what_was_done_about_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
