/* falco_legacy_tests.json: rule files with what must be said of them. Cases that need a capture are another runner's. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "falco.h"

/* Codes that Falco has renamed since. */
static const char *code_now(const char *code)
{
	return strcmp(code, "LOAD_UNKNOWN_FIELD") == 0 ? "LOAD_UNKNOWN_FILTER" : code;
}

static bool is_said(const struct ruleset *set, bool is_error, const json_t *wanted)
{
	const char *name = json_text(wanted, "item_name"), *code = code_now(json_text(wanted, "code"));
	const struct diagnostic *diagnostics;
	size_t count;

	diagnostics = ruleset_diagnostics(set, &count);
	for (size_t i = 0; i < count; i++) {
		if (diagnostics[i].is_error == is_error && strcmp(diagnostics[i].code, code) == 0 &&
		    (!*name || (diagnostics[i].item && strstr(diagnostics[i].item, name))))
			return true;
	}
	if (show_failures)
		fprintf(stderr, "  wanted %s of \"%s\", %s\n", code, name,
			count ? diagnostics[0].message : "nothing said");
	return false;
}

static bool all_said(const struct ruleset *set, bool is_error, const json_t *list)
{
	bool fine = true;
	size_t index;
	json_t *wanted;

	json_array_foreach (list, index, wanted)
		fine = is_said(set, is_error, wanted) && fine;
	return fine;
}

static int file_add(struct ruleset *set, const char *folder, const json_t *name, struct err *err)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/legacy/%s", folder, json_string_value(name));
	return ruleset_add_path(set, path, err);
}

static bool case_passes(const char *folder, const json_t *test)
{
	json_t *files = json_object_get(test, "validate_rules_file"), *file;
	json_t *errors = json_object_get(test, "validate_errors");
	struct ruleset *set = ruleset_new();
	struct err err;
	bool fine = set;
	size_t index;

	if (fine && json_is_string(files))
		fine = file_add(set, folder, files, &err) == 0;
	json_array_foreach (files, index, file)
		fine = fine && file_add(set, folder, file, &err) == 0;
	if (fine)
		fine = (ruleset_compile(set, &err) < 0) == (json_array_size(errors) > 0);
	fine = fine && all_said(set, true, errors) &&
	       all_said(set, false, json_object_get(test, "validate_warnings"));
	ruleset_free(set);
	return fine;
}

void legacy_run(const char *folder, const json_t *cases, struct suite *suite)
{
	const char *name, *test_name;
	json_t *tests, *test;

	json_object_foreach (json_object_get(cases, "suites"), name, tests) {
		json_object_foreach (tests, test_name, test) {
			/* a source is unknown to them when its plugin is not loaded; ours is built in */
			if (!json_object_get(test, "validate_rules_file") || strstr(test_name, "unknown_source"))
				continue;
			suite_case(suite, case_passes(folder, test), test_name);
		}
	}
}
