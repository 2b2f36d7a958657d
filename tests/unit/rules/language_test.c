#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "reader.h"
#include "rules/ruleset.h"

/* One rule around a condition; NULL with the first error in err. */
static struct ruleset *rule(const char *before, const char *condition, struct err *err)
{
	struct ruleset *set = ruleset_new();
	AUTO_STRBUF text = STRBUF_INIT;

	strbuf_addf(&text, "%s\n- rule: r\n  desc: d\n  condition: %s\n  output: o\n  priority: info\n", before,
		    condition);
	assert_int_equal(ruleset_add_text(set, "test.yaml", text.data, text.length, err), 0);
	if (ruleset_compile(set, err) == 0)
		return set;
	ruleset_free(set);
	return NULL;
}

static bool holds(const char *condition)
{
	static const struct reader_row rows[] = {
		{ "proc.name", "Nginx" }, { "fd.name", "/etc/a/b.conf" },
		{ "proc.args", "" },	  { "evt.rawres", "-13" },
		{ "user.uid", "0" },	  { "proc.aname[2]", "sshd" },
		{ "proc.pname", "sh" },	  { "evt.arg[path]", "/x" },
		{ NULL, NULL },
	};
	struct field_reader reader = reader_make(rows);
	struct err err;
	struct ruleset *set = rule("", condition, &err);
	size_t count;

	if (!set)
		fail_msg("%s: %s", condition, err.message);
	count = ruleset_match(set, "syscall", "openat", &reader, NULL, NULL);
	ruleset_free(set);
	return count == 1;
}

static void operators_compare_as_falco_does(void **state)
{
	static const struct {
		const char *condition;
		bool holds;
	} cases[] = {
		{ "proc.name = Nginx", true },
		{ "proc.name = nginx", false },
		{ "tolower(proc.name) = nginx", true },
		{ "proc.name in (a, Nginx)", true },
		{ "proc.name icontains NGI", true },
		{ "proc.name = allof ()", false },
		{ "proc.name != allof ()", false },
		{ "getopt((\"-x\", \"-ov\", \"-n\"), \"o:n\") intersects (v)", true },
		{ "getopt((\"-x\", \"-ov\", \"-n\"), \"o:n\") intersects (x, o)", false },
		{ "getopt((\"-o\", \"v\", \"-o\", \"w\", \"-n\"), \"o:n\")[o] = w", true },
		{ "getopt((\"-o\", \"v\", \"-n\"), \"o:n\")[n] = n", true },
		{ "getopt((\"a\", \"-n\"), \"n\")[n] exists", false },
		{ "fd.name contains /a/", true },
		{ "fd.name startswith /etc and fd.name endswith .conf", true },
		{ "fd.name glob /etc/*.conf", true },
		{ "fd.name pmatch (/usr, /etc/a)", true },
		{ "fd.name pmatch (/et, /etc/ab)", false },
		{ "fd.name pmatch (/etc/*/b.conf)", true },
		{ "fd.name regex '/etc/[a-z]/b[.]conf'", true },
		{ "fd.name regex '/etc'", false },
		{ "evt.rawres < 0 and evt.rawres >= -13", true },
		{ "user.uid = 0", true },
		{ "user.uid != 0", false },
		{ "proc.args = ''", true },
		{ "proc.aname = sshd", true },
		{ "proc.aname[2] = sshd", true },
		{ "proc.aname[1] = sshd", false },
		{ "evt.arg.path = /x", true },
		{ "evt.type = openat", true },
		{ "proc.name != anyof (a, Nginx)", true },
		{ "proc.name != allof (a, Nginx)", false },
		{ "fd.name startswith oneof (/etc, /etc/a)", false },
		{ "basename(fd.name) = b.conf", true },
		{ "len(proc.name) = 5", true },
		{ "proc.name = val(proc.pname)", false },
		{ "concat(proc.name, '-', proc.pname) = Nginx-sh", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (holds(cases[i].condition) != cases[i].holds)
			fail_msg("%s", cases[i].condition);
	}
}

static void a_check_on_an_absent_value_is_false_whatever_it_asks(void **state)
{
	(void)state;
	assert_false(holds("proc.cwd = x"));
	assert_false(holds("proc.cwd != x"));
	assert_true(holds("not proc.cwd = x"));
	assert_false(holds("proc.cwd exists"));
	assert_false(holds("tolower(proc.cwd) != x"));
	assert_false(holds("proc.name != val(proc.cwd)"));
}

/* As a watcher gives them: none, or several names of one address, in small letters. */
static bool names_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	static const struct value names[] = {
		{ .type = VALUE_TEXT, .text = "github.com", .length = 10 },
		{ .type = VALUE_TEXT, .text = "api.github.com", .length = 14 },
	};
	size_t count = *(const size_t *)context;

	(void)argument;
	if (field == FIELD_FD_SIP) {
		*ret = (struct value){ .type = VALUE_IP, .is_v4 = true };
		return true;
	}
	*ret = (struct value){ .type = VALUE_TEXT, .is_list = true, .items = names, .count = count };
	return field == FIELD_FD_SIP_NAME && count > 0;
}

static bool names_hold(const char *condition, size_t names)
{
	struct field_reader reader = { .read = names_read, .context = &names };
	struct err err;
	struct ruleset *set = rule("", condition, &err);
	size_t count;

	if (!set)
		fail_msg("%s: %s", condition, err.message);
	count = ruleset_match(set, "syscall", "openat", &reader, NULL, NULL);
	ruleset_free(set);
	return count == 1;
}

static void a_name_is_any_of_those_of_its_address(void **state)
{
	(void)state;
	assert_true(names_hold("fd.sip.name = github.com", 1));
	assert_true(names_hold("fd.sip.name = API.GitHub.com.", 2));
	assert_true(names_hold("fd.sip.name in (example.com, api.github.com)", 2));
	assert_false(names_hold("fd.sip.name in (example.com, api.github.com)", 1));
	assert_true(names_hold("fd.sip.name endswith .github.com", 2));
	assert_false(names_hold("fd.sip.name != github.com", 2));
	assert_true(names_hold("fd.sip.name != example.com", 2));
	/* of an address without a name nothing is known but that it is not called so */
	assert_true(names_hold("fd.sip.name != github.com", 0));
	assert_false(names_hold("fd.sip.name = github.com", 0));
	assert_false(names_hold("fd.sip.name exists", 0));
	/* and there is no client here */
	assert_false(names_hold("fd.cip.name != github.com", 0));
}

static void a_field_that_nothing_supplies_loads_with_a_warning(void **state)
{
	const struct diagnostic *diagnostics;
	struct err err;
	struct ruleset *set = rule("", "evt.type = open and (proc.sid = 1 or tolower(proc.sid.exe) = x)", &err);
	size_t count;

	(void)state;
	assert_non_null(set);
	diagnostics = ruleset_diagnostics(set, &count);
	assert_int_equal(count, 2);
	assert_string_equal(diagnostics[0].code, "LOAD_COMPILE_CONDITION");
	assert_string_equal(diagnostics[0].message,
			    "field 'proc.sid' is known, but nothing here supplies it: this check never holds");
	ruleset_free(set);
}

static void errors_name_the_place_in_the_file(void **state)
{
	static const struct {
		const char *condition, *message;
	} cases[] = {
		{ "evt.type=open and fd.nmae = x",
		  "test.yaml:4:32: rule \"r\": unrecognized field 'fd.nmae' (did you mean 'fd.name'?)" },
		{ "evt.type=open and nothing_known",
		  "test.yaml:4:32: rule \"r\": Undefined macro 'nothing_known' used in filter." },
		{ ">\n    evt.type=open and\n    fd.name ~ /x", "test.yaml:6:13: rule \"r\": expected a valid check "
								"operator: one of 'exists', '=', '!=', '<', 'in', "
								"'startswith', 'contains', 'pmatch' ..." },
		{ "evt.type=opne", "test.yaml:4:23: rule \"r\": unknown event type opne" },
		{ "evt.rawres contains 1",
		  "test.yaml:4:25: rule \"r\": filter error: 'contains' operator not supported for numeric filters" },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_null(rule("", cases[i].condition, &err));
		assert_string_equal(err.message, cases[i].message);
	}
}

static void all_errors_are_reported_at_once(void **state)
{
	static const char text[] = "- rule: a\n  desc: d\n  condition: x.y = 1 and z.z = 2\n  output: o %no.field\n"
				   "  priority: nonsense\n- rule: b\n  desc: d\n  output: o\n  priority: info\n";
	struct ruleset *set = ruleset_new();
	const struct diagnostic *diagnostics;
	struct err err;
	size_t count;

	(void)state;
	assert_int_equal(ruleset_add_text(set, "t.yaml", text, strlen(text), &err), 0);
	assert_int_equal(ruleset_compile(set, &err), ERR_SYNTAX);
	diagnostics = ruleset_diagnostics(set, &count);
	assert_int_equal(count, 5);
	assert_int_equal(diagnostics[0].line, 3);
	assert_int_equal(diagnostics[0].column, 14);
	assert_int_equal(diagnostics[1].column, 26);
	assert_int_equal(diagnostics[2].line, 4);
	assert_string_equal(diagnostics[2].code, "LOAD_ERR_COMPILE_OUTPUT");
	assert_int_equal(diagnostics[3].line, 5);
	assert_int_equal(diagnostics[4].line, 6);
	ruleset_free(set);
}

static void lists_and_macros_are_put_in(void **state)
{
	static const char before[] = "- list: inner\n  items: [a b, c]\n- list: outer\n  items: [inner, d]\n"
				     "- macro: m\n  condition: proc.name in (outer)\n";
	struct rule_info info;
	struct err err;
	struct ruleset *set = rule(before, "evt.type=execve and (m or not m)", &err);

	(void)state;
	assert_non_null(set);
	ruleset_info(set, 0, &info);
	assert_string_equal(info.condition,
			    "(evt.type = execve and (proc.name in (\"a b\", c, d) or not proc.name in "
			    "(\"a b\", c, d)))");
	assert_int_equal(strlen(info.version), 16);
	ruleset_free(set);
}

static void outputs_show_values_and_keep_their_types(void **state)
{
	static const char text[] = "- rule: a\n  desc: d\n  condition: evt.type=open\n  priority: info\n"
				   "  output: \"u=%user.uid n=%8proc.name| %proc.cwd %toupper(proc.name).\"\n";
	static const struct reader_row rows[] = { { "user.uid", "7" }, { "proc.name", "sh" }, { NULL, NULL } };
	struct field_reader reader = reader_make(rows);
	struct ruleset *set = ruleset_new();
	struct alert alert;
	AUTO_ARENA arena;
	struct err err;

	(void)state;
	arena_init(&arena, 1u << 20);
	assert_int_equal(ruleset_add_text(set, "t.yaml", text, strlen(text), &err), 0);
	assert_int_equal(ruleset_compile(set, &err), 0);
	assert_int_equal(ruleset_alert(set, 0, &reader, &arena, &alert, &err), 0);
	assert_string_equal(alert.output, "u=7 n=sh      | <NA> SH.");
	assert_int_equal(alert.field_count, 5);
	assert_string_equal(alert.fields[1].name, "user.uid");
	assert_string_equal(alert.fields[1].json, "7");
	assert_string_equal(alert.fields[2].json, "\"sh\"");
	assert_string_equal(alert.fields[3].json, "null");
	assert_string_equal(alert.fields[4].name, "toupper(proc.name)");
	ruleset_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_compare_as_falco_does),
		cmocka_unit_test(a_check_on_an_absent_value_is_false_whatever_it_asks),
		cmocka_unit_test(a_name_is_any_of_those_of_its_address),
		cmocka_unit_test(a_field_that_nothing_supplies_loads_with_a_warning),
		cmocka_unit_test(errors_name_the_place_in_the_file),
		cmocka_unit_test(all_errors_are_reported_at_once),
		cmocka_unit_test(lists_and_macros_are_put_in),
		cmocka_unit_test(outputs_show_values_and_keep_their_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
