/* falco_engine_unit_tests.json: rule files, what they load to, and what is said of them; and whole files of rules. */
#include <string.h>

#include "falco.h"
#include "model/entity.h"
#include "rules/facts.h"

/* What a case has done so far: each load begins anew, as Falco's tests do. */
struct loaded {
	struct ruleset *set;
	bool is_fine;
	const char *test;
};

static void loaded_fini(struct loaded *loaded)
{
	ruleset_free(loaded->set);
}

static bool has_message(const struct ruleset *set, bool is_error, const char *text)
{
	const struct diagnostic *diagnostics;
	size_t count;

	diagnostics = ruleset_diagnostics(set, &count);
	for (size_t i = 0; i < count; i++) {
		if (diagnostics[i].is_error == is_error && (!text || strstr(diagnostics[i].message, text)))
			return true;
	}
	return false;
}

static bool step_load(struct loaded *loaded, const json_t *step)
{
	const char *text = json_text(step, "yaml");
	struct err err;

	ruleset_free(loaded->set);
	loaded->set = ruleset_new();
	loaded->is_fine = loaded->set &&
			  ruleset_add_text(loaded->set, json_text(step, "name"), text, strlen(text), &err) == 0 &&
			  ruleset_compile(loaded->set, &err) == 0;
	if (loaded->is_fine != json_is_true(json_object_get(step, "expect_ok")) && show_failures)
		fprintf(stderr, "  %s\n%s\n", loaded->is_fine ? "must not load" : err.message, text);
	return loaded->is_fine == json_is_true(json_object_get(step, "expect_ok"));
}

static bool step_text(const struct loaded *loaded, const json_t *step, bool is_output)
{
	const char *name = json_text(step, "rule"), *expected = json_text(step, "expect");

	for (size_t i = 0; loaded->set && i < ruleset_count(loaded->set); i++) {
		struct rule_info info;
		const char *text;

		ruleset_info(loaded->set, i, &info);
		if (strcmp(info.name, name) != 0)
			continue;
		text = is_output ? info.output : info.condition;
		if (strcmp(text, expected) != 0 && show_failures)
			fprintf(stderr, "  is %s\n  not %s\n", text, expected);
		return strcmp(text, expected) == 0;
	}
	return !*expected;
}

static bool step_warnings(const struct loaded *loaded, const json_t *step)
{
	return loaded->set && has_message(loaded->set, false, NULL) == json_is_true(json_object_get(step, "expect"));
}

static bool step_message(const struct loaded *loaded, const json_t *step, bool is_error)
{
	return loaded->set && has_message(loaded->set, is_error, json_text(step, "text")) ==
				      json_is_true(json_object_get(step, "expect"));
}

/* What Falco tells of its first rule. */
static bool step_describe(const struct loaded *loaded, const json_t *step)
{
	const json_t *path = json_object_get(step, "path");
	const char *key = json_string_value(json_array_get(path, 3)), *expected = json_text(step, "expect"),
		   *text = NULL;
	AUTO_ARENA arena;
	struct rule_facts facts;
	struct rule_info info;

	arena_init(&arena, 1u << 20);
	if (!loaded->is_fine || !ruleset_count(loaded->set) || !ruleset_facts(loaded->set, 0, &arena, &facts))
		return false;
	ruleset_info(loaded->set, 0, &info);
	if (strcmp(key, "condition") == 0)
		text = facts.written;
	else if (strcmp(key, "output") == 0)
		text = info.output;
	else if (strcmp(key, "description") == 0)
		text = info.description;
	else if (strcmp(key, "priority") == 0)
		text = priority_name(info.priority);
	if (show_failures && text && strcmp(text, expected) != 0)
		fprintf(stderr, "  is %s\n  not %s\n", text, expected);
	return text && strcmp(text, expected) == 0;
}

static bool step_enabled(const struct loaded *loaded, const json_t *step)
{
	json_int_t count = 0;

	for (size_t i = 0; loaded->set && i < ruleset_count(loaded->set); i++) {
		struct rule_info info;

		ruleset_info(loaded->set, i, &info);
		count += info.enabled;
	}
	return count == json_integer_value(json_object_get(step, "expect"));
}

/* Why a step does not apply, or NULL. */
static const char *step_reason(const struct loaded *loaded, const json_t *step)
{
	const char *op = json_text(step, "op");
	const json_t *path = json_object_get(step, "path");

	if (strcmp(op, "schema_validation") == 0)
		return "ask for Falco's JSON schema, which nothing here has";
	if (strcmp(op, "num_enabled_rules") == 0 && strstr(loaded->test, ".enable_"))
		return "count rules after calls that the case does not tell (tests/unit/rules/choose_test.c has "
		       "ours)";
	if (strcmp(op, "get_compiled_rule_output") == 0 && strstr(loaded->test, "extra_format"))
		return "add to outputs what the case does not tell";
	if (strcmp(op, "describe_rule") == 0 &&
	    (!json_text(step, "expect") || strcmp(json_string_value(json_array_get(path, 0)), "rules") != 0))
		return "ask for values that the case does not tell, or for items of lists";
	return NULL;
}

/* 1 passed, 0 failed, -1 not a step for this runner. */
static int step_run(struct loaded *loaded, const json_t *step)
{
	const char *op = json_text(step, "op");

	if (strcmp(op, "load_rules") == 0)
		return step_load(loaded, step);
	if (strcmp(op, "get_compiled_rule_condition") == 0)
		return step_text(loaded, step, false);
	if (strcmp(op, "describe_rule") == 0)
		return step_describe(loaded, step);
	if (strcmp(op, "num_enabled_rules") == 0)
		return step_enabled(loaded, step);
	if (strcmp(op, "get_compiled_rule_output") == 0)
		return step_text(loaded, step, true);
	if (strcmp(op, "check_warning_message") == 0 || strcmp(op, "check_error_message") == 0)
		return step_message(loaded, step, strcmp(op, "check_error_message") == 0);
	if (strcmp(op, "has_warnings") == 0)
		return step_warnings(loaded, step);
	return -1;
}

static void loader_case(struct suite *suite, const json_t *test, struct left_out *left_out)
{
	CLEANUP(loaded_fini)
	struct loaded loaded = { .test = json_text(test, "test") };
	size_t number;
	json_t *step;

	json_array_foreach (json_object_get(test, "steps"), number, step) {
		const char *reason = step_reason(&loaded, step);
		int done = reason ? -1 : step_run(&loaded, step);

		if (reason)
			left_out_count(left_out, reason);
		else if (done >= 0)
			suite_case(suite, done, loaded.test);
	}
}

void loader_run(const char *folder, const json_t *cases, struct suite *suite)
{
	struct left_out left_out[REASONS_MAX] = { 0 };
	size_t index;
	json_t *test;

	(void)folder;
	json_array_foreach (json_object_get(cases, "tests"), index, test)
		loader_case(suite, test, left_out);
	left_out_print(suite, left_out);
}

void rule_file_run(const char *path, struct suite *suite)
{
	struct ruleset *set = ruleset_new();
	AUTO_STRBUF text = STRBUF_INIT;
	const struct diagnostic *diagnostics;
	struct err err;
	size_t count;
	bool fine = set && ruleset_add_path(set, path, &err) == 0 && ruleset_compile(set, &err) == 0;

	if (set) {
		diagnostics = ruleset_diagnostics(set, &count);
		for (size_t i = 0; i < count; i++)
			diagnostic_format(&diagnostics[i], &text);
	}
	if (show_failures)
		fputs(text.data, stderr);
	suite_case(suite, fine, path);
	ruleset_free(set);
}
