/* Policies: what a file may say, which rules they contain, and where they count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "reader.h"
#include "detection/detection.h"
#include "detection/pack.h"
#include "rules/policy.h"

static const char rule_text[] = "- rule: Written\n  desc: d\n  condition: evt.type = openat\n  output: o\n  "
				"priority: Error\n  tags: [files, soft]\n"
				"- rule: Removed\n  desc: d\n  condition: evt.type = unlink\n  output: o\n  "
				"priority: Notice\n  tags: [files]\n"
				"- rule: Shell\n  desc: d\n  condition: evt.type = execve\n  output: o\n  priority: "
				"Debug\n  tags: [process]\n";

struct fixture {
	struct ruleset *rules;
	struct policies *policies;
	struct arena arena;
	struct err err;
};

static struct fixture fixture_make(const char *text, bool is_optional)
{
	struct fixture f = { ruleset_new(), policies_new(is_optional), { 0 }, { 0 } };

	arena_init(&f.arena, 1 << 20);
	assert_int_equal(ruleset_add_text(f.rules, "rules.yaml", rule_text, strlen(rule_text), &f.err), 0);
	assert_int_equal(ruleset_compile(f.rules, &f.err), 0);
	assert_int_equal(policies_add_text(f.policies, "p.yaml", text, strlen(text), &f.err), 0);
	return f;
}

static void fixture_free(struct fixture *f)
{
	policies_free(f->policies);
	ruleset_free(f->rules);
	arena_fini(&f->arena);
}

/* Binds; fails the test if that does. */
static struct fixture fixture_bound(const char *text, bool is_optional)
{
	struct fixture f = fixture_make(text, is_optional);

	if (policies_bind(f.policies, f.rules, "syscall", &f.err) < 0)
		fail_msg("%s", f.err.message);
	return f;
}

static bool admits(struct fixture *f, const char *rule, const struct reader_row *rows, struct policy_verdict *ret)
{
	struct field_reader reader = reader_make(rows);
	struct rule_info info;

	for (size_t i = 0; i < ruleset_count(f->rules); i++) {
		ruleset_info(f->rules, i, &info);
		if (strcmp(info.name, rule) == 0)
			return policies_admit(f->policies, i, &reader, &f->arena, ret);
	}
	fail();
	return false;
}

static const struct reader_row nowhere[] = { { NULL, NULL } };
static const struct reader_row shop[] = {
	{ "ecs.cluster", "arn:aws:ecs:eu-central-1:111122223333:cluster/shop-production" },
	{ "container.image.full", "registry:5000/shop/app:2.1" },
	{ "container.image", "registry:5000/shop/app:2.1" },
	{ "container.name", "app" },
	{ "ecs.account", "111122223333" },
	{ "ecs.region", "eu-central-1" },
	{ NULL, NULL },
};

static void rules_are_chosen_by_name_pattern_and_tag(void **state UNUSED)
{
	struct fixture f = fixture_bound("- policy: A\n  severity: low\n  rules: [Shell]\n"
					 "- policy: B\n  severity: high\n  rules: ['*mov*']\n  tags: [soft]\n",
					 false);
	struct policy_verdict verdict;

	assert_true(admits(&f, "Shell", nowhere, &verdict));
	assert_int_equal(verdict.count, 1);
	assert_string_equal(verdict.names[0], "A");
	assert_int_equal(verdict.severity, SEVERITY_LOW);
	assert_true(admits(&f, "Written", nowhere, &verdict));
	assert_string_equal(verdict.names[0], "B");
	assert_true(admits(&f, "Removed", nowhere, &verdict));
	assert_int_equal(verdict.severity, SEVERITY_HIGH);
	fixture_free(&f);
}

static void an_alert_names_all_policies_and_the_worst_severity(void **state UNUSED)
{
	struct fixture f =
		fixture_bound("- policy: A\n  severity: high\n  tags: [files]\n  scope: {container: [app]}\n"
			      "- policy: B\n  severity: info\n  tags: files\n"
			      "- policy: C\n  severity: high\n  tags: [files]\n  enabled: false\n",
			      false);
	struct policy_verdict verdict;

	assert_true(admits(&f, "Written", shop, &verdict));
	assert_int_equal(verdict.count, 2);
	assert_string_equal(verdict.names[0], "A");
	assert_string_equal(verdict.names[1], "B");
	assert_int_equal(verdict.severity, SEVERITY_HIGH);
	assert_true(admits(&f, "Written", nowhere, &verdict));
	assert_int_equal(verdict.count, 1);
	assert_string_equal(verdict.names[0], "B");
	assert_int_equal(verdict.severity, SEVERITY_INFO);
	fixture_free(&f);
}

static void a_rule_in_no_policy_counts_only_beside_the_shipped_ones(void **state UNUSED)
{
	static const char text[] = "- policy: A\n  severity: high\n  rules: [Written]\n";
	struct fixture strict = fixture_bound(text, false), optional = fixture_bound(text, true);
	struct policy_verdict verdict;

	assert_false(admits(&strict, "Removed", nowhere, &verdict));
	assert_int_equal(policies_unused_rules(strict.policies), 2);
	assert_true(admits(&optional, "Removed", nowhere, &verdict));
	assert_int_equal(verdict.count, 0);
	assert_int_equal(verdict.severity, SEVERITY_LOW); /* by the rule's priority, Notice */
	assert_int_equal(policies_unused_rules(optional.policies), 0);
	fixture_free(&strict);
	fixture_free(&optional);
}

static void a_scope_matches_whole_names_and_their_last_parts(void **state UNUSED)
{
	static const struct {
		const char *scope;
		bool in_shop;
	} cases[] = {
		{ "{cluster: [shop-production]}", true },
		{ "{cluster: ['shop-*']}", true },
		{ "{cluster: shop-production}", true },
		{ "{cluster: ['arn:aws:ecs:eu-central-1:111122223333:cluster/shop-production']}", true },
		{ "{cluster: ['arn:aws:ecs:eu-west-1:*']}", false },
		{ "{cluster: [shop]}", false },
		{ "{cluster: [other, shop-production]}", true },
		{ "{image: ['registry:5000/shop/app:2.1']}", true },
		{ "{image: ['registry:5000/shop/app']}", true },
		{ "{image: ['app:2.1']}", true },
		{ "{image: [app]}", true },
		{ "{image: ['registry:5000/*']}", true },
		{ "{image: ['app:2.2']}", false },
		{ "{image: [registry]}", false },
		{ "{container: [app], region: [eu-central-1], account: 111122223333}", true },
		{ "{container: [app], region: [us-east-1]}", false },
		{ "{container: [host]}", false },
		{ "{container: []}", true },
		{ "{}", true },
		{ "", true },
	};
	struct policy_verdict verdict;
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text), "- policy: A\n  severity: high\n  rules: ['*']\n  scope: %s\n",
			 cases[i].scope);
		struct fixture f = fixture_bound(text, false);

		if (admits(&f, "Written", shop, &verdict) != cases[i].in_shop)
			fail_msg("scope %s", cases[i].scope);
		fixture_free(&f);
	}
}

static void a_scope_never_matches_where_the_event_does_not_say(void **state UNUSED)
{
	static const char *const scopes[] = { "{cluster: '*'}", "{image: '*'}", "{container: '*'}", "{account: '*'}",
					      "{region: '*'}" };
	struct policy_verdict verdict;
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(scopes); i++) {
		snprintf(text, sizeof(text), "- policy: A\n  severity: high\n  rules: ['*']\n  scope: %s\n",
			 scopes[i]);
		struct fixture f = fixture_bound(text, false);

		assert_false(admits(&f, "Written", nowhere, &verdict));
		assert_true(admits(&f, "Written", shop, &verdict));
		fixture_free(&f);
	}
}

static void a_scope_reads_cloud_records(void **state UNUSED)
{
	static const struct reader_row record[] = { { "ct.request.cluster", "arn:aws:ecs:eu-west-1:1:cluster/c" },
						    { "ct.recipientaccountid", "" },
						    { "ct.user.accountid", "444455556666" },
						    { "ct.region", "eu-west-1" },
						    { NULL, NULL } };
	struct fixture f = fixture_bound("- policy: A\n  severity: high\n  rules: ['*']\n"
					 "  scope: {cluster: c, account: '444455556666', region: 'eu-*'}\n",
					 false);
	struct policy_verdict verdict;

	assert_true(admits(&f, "Written", record, &verdict));
	assert_false(admits(&f, "Written", nowhere, &verdict));
	fixture_free(&f);
}

static void policies_for_another_source_are_left_out(void **state UNUSED)
{
	struct fixture f =
		fixture_bound("- policy: A\n  severity: high\n  source: aws_cloudtrail\n  rules: [Not here]\n"
			      "- policy: B\n  severity: low\n  rules: ['*']\n",
			      false);
	struct policy_verdict verdict;

	assert_true(admits(&f, "Written", nowhere, &verdict));
	assert_int_equal(verdict.count, 1);
	assert_string_equal(verdict.names[0], "B");
	fixture_free(&f);
}

static void an_alert_collects_the_actions_of_the_policies_that_admit_it(void **state UNUSED)
{
	struct fixture f =
		fixture_bound("- policy: A\n  severity: low\n  rules: [Shell]\n  source: syscall\n"
			      "  actions: [notify, kill]\n  scope: {container: [app]}\n"
			      "- policy: B\n  severity: low\n  rules: ['*']\n  source: syscall\n  actions: stop\n"
			      "- policy: C\n  severity: low\n  rules: ['*']\n  source: syscall\n"
			      "  actions: [kill]\n  enabled: false\n"
			      "- policy: D\n  severity: low\n  rules: ['*']\n",
			      false);
	struct policy_verdict verdict;
	struct policy_info info;

	assert_true(admits(&f, "Shell", shop, &verdict));
	assert_int_equal(verdict.actions & ACTIONS_RESPONDING, ACTION_BIT(ACTION_KILL) | ACTION_BIT(ACTION_STOP));
	assert_true(admits(&f, "Shell", nowhere, &verdict));
	assert_int_equal(verdict.actions & ACTIONS_RESPONDING, ACTION_BIT(ACTION_STOP));
	assert_true(admits(&f, "Written", shop, &verdict));
	assert_int_equal(verdict.actions & ACTIONS_RESPONDING, ACTION_BIT(ACTION_STOP));
	assert_int_equal(policies_actions(f.policies, 0) & ACTIONS_RESPONDING, ACTION_BIT(ACTION_STOP));
	policies_info(f.policies, 3, &info);
	assert_int_equal(info.actions, 0);
	fixture_free(&f);
}

static void a_policy_for_the_cloud_cannot_ask_for_more_than_to_tell(void **state UNUSED)
{
	static const char text[] = "- policy: A\n  severity: low\n  rules: ['*']\n  actions: [notify, stop]\n"
				   "  source: aws_cloudtrail\n"
				   "- policy: B\n  severity: low\n  rules: ['*']\n  source: aws_cloudtrail\n"
				   "  actions: [notify]\n";
	struct fixture f = fixture_make(text, false);

	assert_int_equal(policies_bind(f.policies, f.rules, NULL, &f.err), ERR_SYNTAX);
	assert_non_null(strstr(f.err.message, "p.yaml:4:21: policy \"A\": action \"stop\" is done by an agent"));
	fixture_free(&f);
}

static void everything_that_is_wrong_is_said_at_once_with_its_place(void **state UNUSED)
{
	static const char text[] = "- policy: A\n"			       /* 1 */
				   "  severity: huge\n"			       /* 2 */
				   "  rules: [Writen]\n"		       /* 3 */
				   "  actions: [notify, kill, dance, pause]\n" /* 4 */
				   "  scopes: {}\n"			       /* 5 */
				   "- policy: A\n"			       /* 6 */
				   "  scope: {clusters: [x], image: {a: b}}\n"
				   "  tags: [nobody]\n"
				   "- rule: R\n"
				   "  condition: evt.type = open\n"
				   "- policy: B\n"
				   "  severity: low\n"
				   "  enabled: perhaps\n"
				   "- 7\n";
	static const struct {
		int line, column;
		const char *message;
	} expected[] = {
		{ 2, 13, "severity is \"huge\"" },
		{ 3, 11, "unknown rule \"Writen\" (did you mean \"Written\"?)" },
		{ 4, 21, "action \"kill\" is done by an agent, so the policy needs \"source: syscall\"" },
		{ 4, 27, "unknown action \"dance\"; there are notify, kill and stop" },
		{ 4, 34, "action \"pause\" is not available yet; there are notify, kill and stop" },
		{ 5, 3, "unknown key \"scopes\" (did you mean \"scope\"?)" },
		{ 6, 3, "severity is missing" },
		{ 6, 11, "there is one of this name already, p.yaml:1" },
		{ 7, 11, "unknown key \"clusters\" of scope" },
		{ 7, 34, "image must be a list of texts" },
		{ 8, 10, "no rule has the tag \"nobody\"" },
		{ 9, 3, "this is a rule, not a policy; files of rules are given with --rules" },
		{ 13, 12, "enabled must be true or false" },
		{ 14, 3, "each item must be a mapping" },
	};
	struct fixture f = fixture_make(text, false);
	const struct diagnostic *rows;
	size_t count;

	assert_int_equal(policies_bind(f.policies, f.rules, NULL, &f.err), ERR_SYNTAX);
	rows = policies_diagnostics(f.policies, &count);
	for (size_t i = 0; i < count && i < ARRAY_SIZE(expected); i++) {
		if (rows[i].line != expected[i].line || rows[i].column != expected[i].column ||
		    !strstr(rows[i].message, expected[i].message))
			fail_msg("%d:%d: %s", rows[i].line, rows[i].column, rows[i].message);
	}
	assert_int_equal(count, ARRAY_SIZE(expected));
	assert_non_null(strstr(f.err.message, "p.yaml:2:13: policy \"A\": severity is \"huge\""));
	fixture_free(&f);
}

static void a_file_that_is_not_yaml_or_no_list_is_an_error_with_its_place(void **state UNUSED)
{
	static const struct {
		const char *text;
		int line;
	} cases[] = { { "- policy: A\n  severity: [\n", 3 },
		      { "policy: A\n", 1 },
		      { "- policy: A\n  x: \x01\n", 2 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f = fixture_make(cases[i].text, false);
		const struct diagnostic *rows;
		size_t count;

		assert_int_equal(policies_bind(f.policies, f.rules, NULL, &f.err), ERR_SYNTAX);
		rows = policies_diagnostics(f.policies, &count);
		assert_true(count > 0);
		assert_int_equal(rows[0].line, cases[i].line);
		fixture_free(&f);
	}
}

static void limits_are_refused(void **state UNUSED)
{
	AUTO_STRBUF many = STRBUF_INIT;
	struct fixture f;

	strbuf_adds(&many, "- policy: A\n  severity: low\n  rules:\n");
	for (int i = 0; i <= POLICY_ITEMS_MAX; i++)
		strbuf_adds(&many, "    - Written\n");
	strbuf_adds(&many, "- policy: ");
	for (int i = 0; i < POLICY_TEXT_MAX; i++)
		strbuf_addc(&many, 'n');
	strbuf_adds(&many, "\n  severity: low\n  tags: [files]\n");
	for (int i = 0; i < POLICIES_MAX; i++)
		strbuf_addf(&many, "- policy: P%d\n  severity: low\n  tags: [files]\n", i);
	f = fixture_make(many.data, false);
	assert_int_equal(policies_bind(f.policies, f.rules, NULL, &f.err), ERR_SYNTAX);
	assert_non_null(strstr(f.err.message, "rules has 1001 items"));
	assert_int_equal(policies_count(f.policies), POLICIES_MAX);
	fixture_free(&f);
}

static void every_shipped_rule_is_in_a_shipped_policy(void **state UNUSED)
{
	struct detection *detection;
	struct policy_info info;
	struct err err;
	AUTO_STRBUF problems = STRBUF_INIT;
	struct ruleset *rules = ruleset_new();
	struct policies *policies = policies_new(false);

	assert_int_equal(rulepack_add(rules, NULL, &err), 0);
	assert_int_equal(ruleset_compile(rules, &err), 0);
	assert_int_equal(rulepack_add_policies(policies, &err), 0);
	if (policies_bind(policies, rules, NULL, &err) < 0)
		fail_msg("%s", err.message);
	for (size_t i = 0; i < policies_count(policies); i++) {
		policies_info(policies, i, &info);
		assert_non_null(info.description);
		assert_true(info.rule_count > 0);
	}
	assert_int_equal(policies_unused_rules(policies), 0);
	policies_free(policies);
	ruleset_free(rules);
	assert_int_equal(detection_load(&(struct detection_conf){ .source = "syscall" }, &detection, &problems, &err),
			 0);
	assert_int_equal(problems.length, 0);
	assert_int_equal(strlen(detection->version), 16);
	assert_int_equal(detection->active, ruleset_count(detection->rules));
	detection_free(detection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_chosen_by_name_pattern_and_tag),
		cmocka_unit_test(an_alert_names_all_policies_and_the_worst_severity),
		cmocka_unit_test(a_rule_in_no_policy_counts_only_beside_the_shipped_ones),
		cmocka_unit_test(a_scope_matches_whole_names_and_their_last_parts),
		cmocka_unit_test(a_scope_never_matches_where_the_event_does_not_say),
		cmocka_unit_test(a_scope_reads_cloud_records),
		cmocka_unit_test(policies_for_another_source_are_left_out),
		cmocka_unit_test(an_alert_collects_the_actions_of_the_policies_that_admit_it),
		cmocka_unit_test(a_policy_for_the_cloud_cannot_ask_for_more_than_to_tell),
		cmocka_unit_test(everything_that_is_wrong_is_said_at_once_with_its_place),
		cmocka_unit_test(a_file_that_is_not_yaml_or_no_list_is_an_error_with_its_place),
		cmocka_unit_test(limits_are_refused),
		cmocka_unit_test(every_shipped_rule_is_in_a_shipped_policy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
