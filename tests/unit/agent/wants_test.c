/* Which calls must stop whatever their arguments, because a rule may hold for others than those the filter tests for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "agent/pipeline/wants.h"
#include "agent/sensor/call_table.h"
#include "base/attr.h"

static bool is_untested(const char *condition, const char *call)
{
	struct ruleset *rules = ruleset_new();
	struct sensor_wants wants;
	struct err err = { 0 };
	char text[1024];

	snprintf(text, sizeof(text), "- {rule: R, desc: d, condition: '%s', output: o, priority: NOTICE}\n",
		 condition);
	assert_non_null(rules);
	if (ruleset_add_text(rules, "rules", text, strlen(text), &err) < 0 || ruleset_compile(rules, &err) < 0)
		fail_msg("%s: %s", condition, err.message);
	wants_of(rules, TIER_FILTER, false, &wants);
	assert_true(wants.calls[sensor_call_find(call)]);
	ruleset_free(rules);
	return wants.untested[sensor_call_find(call)];
}

static void tests_are_given_up_where_a_rule_asks_for_more(void **state)
{
	static const struct {
		const char *call, *condition;
		bool is_untested;
	} cases[] = {
		{ "socket", "evt.type = socket and evt.arg.domain = AF_PACKET", false },
		{ "socket", "evt.type = socket and evt.rawarg.type = 3", false },
		{ "socket", "evt.type = socket and evt.arg.domain = AF_INET and evt.rawarg.type = 3", false },
		{ "socket", "evt.type = socket and evt.arg.domain = AF_INET", true },
		{ "socket", "evt.type = socket and evt.rawarg.type = 2", true },
		{ "socket", "evt.type = socket and evt.arg.domain = AF_INET and evt.rawarg.type = 2", true },
		{ "socket", "evt.type = socket and proc.name = x", true },
		{ "dup2", "evt.type = dup2 and evt.rawres in (0, 1, 2)", false },
		{ "dup2", "evt.type = dup2 and evt.rawres >= 0", true },
		{ "kill", "evt.type = kill and evt.arg.sig = SIGKILL", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (is_untested(cases[i].condition, cases[i].call) != cases[i].is_untested)
			fail_msg("%s", cases[i].condition);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tests_are_given_up_where_a_rule_asks_for_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
