#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rules/given.h"
#include "rules/partial.h"

/* An event of which some fields are not known yet. */
struct half {
	struct given given;
	enum field unknown[4];
	size_t count;
};

static bool half_is_known(const void *context, enum field field, const char *argument)
{
	const struct half *half = context;

	(void)argument;
	for (size_t i = 0; i < half->count; i++) {
		if (half->unknown[i] == field)
			return false;
	}
	return true;
}

static bool half_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	const struct half *half = context;
	struct field_reader reader = given_reader(&half->given);

	/* what is not known must not be asked for, either */
	assert_true(half_is_known(half, field, argument));
	return reader.read(reader.context, field, argument, ret);
}

static void give(struct half *half, const char *name, const char *text)
{
	struct err err = { 0 };

	if (given_set(&half->given, SOURCE_SYSCALL, name, &text, 1, &err) < 0)
		fail_msg("%s", err.message);
}

static void note(void *context, size_t rule)
{
	assert_int_equal(rule, 0);
	++*(size_t *)context;
}

/* How a rule with this condition stands to an unlink by rm of /etc/x, whose result is not known. */
static void ask(const char *condition, bool *ret_may, bool *ret_surely)
{
	AUTO_ARENA arena = { .max = 1u << 20 };
	struct half half = { .unknown = { FIELD_EVT_RES, FIELD_EVT_RAWRES, FIELD_FD_NAME }, .count = 3 };
	const struct field_reader reader = { half_read, &half };
	const struct partial_event event = { "unlink", &reader, half_is_known };
	struct ruleset *set = ruleset_new();
	struct err err = { 0 };
	char text[1024];
	size_t sure = 0, count;

	assert_true(given_init(&half.given, &arena));
	give(&half, "proc.name", "rm");
	give(&half, "fs.path.name", "/etc/x");
	snprintf(text, sizeof(text),
		 "- rule: R\n  desc: d\n  condition: %s\n  output: o\n  priority: INFO\n  source: syscall\n",
		 condition);
	assert_int_equal(ruleset_add_text(set, "t", text, strlen(text), &err), 0);
	if (ruleset_compile(set, &err) < 0)
		fail_msg("%s", err.message);
	*ret_may = ruleset_may_match(set, "syscall", &event);
	assert_int_equal(ruleset_rule_may_match(set, 0, &event), *ret_may);
	count = ruleset_match_surely(set, "syscall", &event, note, &sure);
	assert_int_equal(count, sure);
	*ret_surely = sure > 0;
	ruleset_free(set);
}

static bool may(const char *condition)
{
	bool found, is_sure;

	ask(condition, &found, &is_sure);
	/* who surely holds, may */
	assert_true(found || !is_sure);
	return found;
}

static bool surely(const char *condition)
{
	bool found, is_sure;

	ask(condition, &found, &is_sure);
	return is_sure;
}

static void what_holds_whatever_the_result_is_sure(void **state)
{
	(void)state;
	assert_true(surely("evt.type=unlink and proc.name=rm"));
	assert_true(surely("evt.type=unlink and fs.path.name startswith /etc and not proc.name=mv"));
	assert_true(surely("evt.type=unlink and (proc.name=rm or evt.res=SUCCESS)"));
	assert_false(surely("evt.type=unlink and proc.name=rm and evt.res=SUCCESS"));
	assert_false(surely("evt.type=unlink and proc.name=rm and not evt.res=SUCCESS"));
	assert_false(surely("evt.type=unlink and fd.name=/etc/x"));
	assert_false(surely("evt.type=unlink and not fd.name=/etc/x"));
	assert_false(surely("evt.type=unlink and proc.name=mv"));
	assert_false(surely("evt.type=rename and proc.name=rm"));
}

static void what_is_known_decides(void **state)
{
	(void)state;
	assert_true(may("evt.type=unlink and proc.name=rm"));
	assert_false(may("evt.type=unlink and proc.name=mv"));
	assert_true(may("evt.type=unlink and not proc.name=mv"));
	assert_false(may("evt.type=unlink and not proc.name=rm"));
	assert_false(may("evt.type=rename and proc.name=rm"));
	/* absent, and known to be so */
	assert_false(may("evt.type=unlink and proc.pname=sh"));
	assert_true(may("evt.type=unlink and not proc.pname=sh"));
}

static void what_is_not_known_leaves_it_open(void **state)
{
	(void)state;
	assert_true(may("evt.type=unlink and evt.rawres>=0"));
	assert_true(may("evt.type=unlink and not evt.rawres>=0"));
	assert_true(may("evt.type=unlink and fd.name startswith /x and proc.name=rm"));
	assert_true(may("evt.type=unlink and toupper(fd.name)=X"));
	assert_true(may("evt.type=unlink and fs.path.name=val(fd.name)"));
	assert_true(may("evt.type=unlink and (proc.name=mv or evt.res=SUCCESS)"));
	assert_true(may("evt.type=unlink and not (proc.name=rm and evt.res=SUCCESS)"));
}

static void what_is_known_outweighs_what_is_not(void **state)
{
	(void)state;
	assert_false(may("evt.type=unlink and evt.rawres>=0 and proc.name=mv"));
	assert_false(may("evt.type=unlink and (evt.rawres>=0 or evt.res=ENOENT) and fs.path.name startswith /usr"));
	assert_false(may("evt.type=unlink and not (proc.name=rm or evt.res=SUCCESS)"));
	assert_false(may("evt.type=unlink and not (not evt.res=SUCCESS or fs.path.name=/etc/x)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_decides),
		cmocka_unit_test(what_holds_whatever_the_result_is_sure),
		cmocka_unit_test(what_is_not_known_leaves_it_open),
		cmocka_unit_test(what_is_known_outweighs_what_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
