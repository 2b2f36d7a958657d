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

#define REASONS_MAX 8

/* Cases that do not apply here: how many for which reason, in an array that ends with one without. */
struct left_out {
	const char *reason; /* goes on after "they" */
	size_t count;
};

void left_out_count(struct left_out left_out[REASONS_MAX], const char *reason);
void left_out_print(const struct suite *suite, const struct left_out left_out[REASONS_MAX]);

/* A set with one rule around the condition; NULL without memory. What is wrong with it is in err. */
struct ruleset *rule_load(const char *condition, struct err *err);

/* cases is a file of folder/testcases. */
void compiler_run(const char *folder, const json_t *cases, struct suite *suite);
void events_run(const char *folder, const json_t *cases, struct suite *suite);
void loader_run(const char *folder, const json_t *cases, struct suite *suite);
void legacy_run(const char *folder, const json_t *cases, struct suite *suite);
void rule_file_run(const char *path, struct suite *suite);
