/*
 * falco.h: the suites of Falco's test cases that corpora_falco runs.
 */
#pragma once

#include <stdbool.h>

#include "json/json.h"
#include "rules/language/parser.h"
#include "rules/ruleset.h"

struct suite {
	const char *name;
	size_t passed, total;
};

extern bool show_failures;

/* Counts one case; a failed one is printed if CLEWLINE_SHOW_FAILURES is set. */
void suite_case(struct suite *suite, bool passed, const char *what);

/* cases is a file of folder/testcases. */
void compiler_run(const char *folder, const json_t *cases, struct suite *suite);
void loader_run(const char *folder, const json_t *cases, struct suite *suite);
void legacy_run(const char *folder, const json_t *cases, struct suite *suite);
void rule_file_run(const char *path, struct suite *suite);
