/* falco_engine_unit_tests.json: rule files, what they load to, and what is said of them; and whole files of rules. */
#include <string.h>

#include "falco.h"

/* What a case has done so far: each load begins anew, as Falco's tests do. */
struct loaded {
	struct ruleset *set;
	bool is_fine;
	bool has_extra; /* their program adds to outputs, in a way the case does not tell */
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

/* 1 passed, 0 failed, -1 not a step for this runner. */
static int step_run(struct loaded *loaded, const json_t *step)
{
	const char *op = json_text(step, "op");

	if (strcmp(op, "load_rules") == 0)
		return step_load(loaded, step);
	if (strcmp(op, "get_compiled_rule_condition") == 0)
		return step_text(loaded, step, false);
	if (strcmp(op, "get_compiled_rule_output") == 0 && !loaded->has_extra)
		return step_text(loaded, step, true);
	if (strcmp(op, "check_warning_message") == 0 || strcmp(op, "check_error_message") == 0)
		return step_message(loaded, step, strcmp(op, "check_error_message") == 0);
	if (strcmp(op, "has_warnings") == 0)
		return step_warnings(loaded, step);
	return -1;
}

void loader_run(const char *folder, const json_t *cases, struct suite *suite)
{
	size_t index, number;
	json_t *test, *step;

	(void)folder;
	json_array_foreach (json_object_get(cases, "tests"), index, test) {
		CLEANUP(loaded_fini)
		struct loaded loaded = { .has_extra = strstr(json_text(test, "test"), "extra_format") };

		json_array_foreach (json_object_get(test, "steps"), number, step) {
			int done = step_run(&loaded, step);

			if (done >= 0)
				suite_case(suite, done, json_text(test, "test"));
		}
	}
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
