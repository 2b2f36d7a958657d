/* Falco's own test cases, run against our engine. usage: corpora_falco DIR, the folder with testcases/ and rules/ */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "falco.h"

#define CASE_FILE_MAX (64u << 20)
#define SKIPPED	      77
#define PARSER_DEPTH  100 /* what upstream's tests of the parser expect */

bool show_failures;

void suite_case(struct suite *suite, bool passed, const char *what)
{
	suite->total++;
	suite->passed += passed;
	if (!passed && show_failures)
		fprintf(stderr, "%s: %s\n", suite->name, what);
}

void left_out_count(struct left_out left_out[REASONS_MAX], const char *reason)
{
	size_t at = 0;

	while (at < REASONS_MAX - 2 && left_out[at].reason && strcmp(left_out[at].reason, reason) != 0)
		at++;
	left_out[at].reason = reason;
	left_out[at].count++;
}

void left_out_print(const struct suite *suite, const struct left_out left_out[REASONS_MAX])
{
	for (; left_out->reason; left_out++)
		printf("%s: %zu more do not apply: they %s\n", suite->name, left_out->count, left_out->reason);
}

static bool parses(const char *text, size_t length, struct strbuf *printed, struct parse_error *error)
{
	AUTO_ARENA arena;
	struct ast *ast;

	arena_init(&arena, 64u << 20);
	ast = condition_parse_strict(text, length, PARSER_DEPTH, &arena, error);
	if (ast)
		ast_print(ast, printed);
	return ast;
}

/* The same text with every blank replaced, and something around it. */
static bool parses_spaced(const char *text, const char *blank, const char *around)
{
	AUTO_STRBUF spaced = STRBUF_INIT, printed = STRBUF_INIT;
	struct parse_error error;

	strbuf_adds(&spaced, around);
	for (; *text; text++)
		strbuf_add(&spaced, *text == ' ' ? blank : text, *text == ' ' ? strlen(blank) : 1);
	strbuf_adds(&spaced, around);
	return parses(spaced.data, spaced.length, &printed, &error);
}

static void parser_case(struct suite *suite, const json_t *row)
{
	AUTO_STRBUF text = STRBUF_INIT, printed = STRBUF_INIT;
	const char *input = json_text(row, "input"), *as_string = json_text(row, "as_string");
	const char *message = json_text(row, "message");
	json_t *repeat = json_object_get(row, "input_repeat");
	bool accept = strcmp(json_text(row, "kind"), "accept") == 0, fine;
	struct parse_error error = { 0 };

	if (input)
		strbuf_adds(&text, input);
	for (json_int_t i = 0; repeat && i < json_integer_value(json_array_get(repeat, 1)); i++)
		strbuf_adds(&text, json_string_value(json_array_get(repeat, 0)));
	fine = parses(text.data, text.length, &printed, &error) == accept;
	if (accept && as_string)
		fine = fine && strcmp(printed.data, as_string) == 0;
	if (accept && !strpbrk(text.data, "'\""))
		fine = fine && parses_spaced(text.data, " ", " ") && parses_spaced(text.data, "\n\t", "");
	if (!accept && message)
		fine = fine && strstr(error.message, message);
	suite_case(suite, fine, text.length < 300 ? text.data : "(long)");
}

static void parser_run(const char *folder, const json_t *cases, struct suite *suite)
{
	(void)folder;
	size_t index;
	json_t *row;

	json_array_foreach (json_object_get(cases, "cases"), index, row)
		parser_case(suite, row);
}

static const struct {
	const char *name, *file;
	void (*run)(const char *folder, const json_t *cases, struct suite *suite);
} suites[] = {
	{ "falco.parser", "testcases/filter_parser.json", parser_run },
	{ "falco.compiler", "testcases/filter_compiler.json", compiler_run },
	{ "falco.events", "testcases/libsinsp_event_assertions.json", events_run },
	{ "falco.loader", "testcases/falco_engine_unit_tests.json", loader_run },
	{ "falco.legacy", "testcases/falco_legacy_tests.json", legacy_run },
};

static int suite_run(size_t number, const char *folder)
{
	struct suite suite = { .name = suites[number].name };
	AUTO_STRBUF text = STRBUF_INIT;
	AUTO_JSON cases = NULL;
	char path[PATH_MAX];
	struct err err;

	snprintf(path, sizeof(path), "%s/%s", folder, suites[number].file);
	if (!file_exists(path)) {
		printf("%s skipped: no %s\n", suite.name, path);
		return 0;
	}
	if (file_read(path, CASE_FILE_MAX, &text, &err) < 0 ||
	    json_parse(path, text.data, text.length, &cases, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return -1;
	}
	suites[number].run(folder, cases, &suite);
	printf("%s %zu/%zu\n", suite.name, suite.passed, suite.total);
	return suite.passed == suite.total ? 0 : -1;
}

/* Every file of rules loads without an error. */
static int rule_files_run(const char *folder)
{
	struct suite suite = { .name = "falco.rules" };
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *files;

	snprintf(path, sizeof(path), "%s/rules", folder);
	files = opendir(path);
	if (!files)
		return 0;
	while ((entry = readdir(files))) {
		size_t length = strlen(entry->d_name);

		if (length < 5 || strcmp(entry->d_name + length - 5, ".yaml") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/rules/%s", folder, entry->d_name);
		rule_file_run(path, &suite);
	}
	closedir(files);
	printf("%s %zu/%zu\n", suite.name, suite.passed, suite.total);
	return suite.passed == suite.total ? 0 : -1;
}

int main(int argc, char **argv)
{
	int failed = 0;

	show_failures = getenv("CLEWLINE_SHOW_FAILURES");
	if (argc != 2 || !file_exists(argv[1])) {
		printf("falco skipped: no folder \"%s\"\n", argc > 1 ? argv[1] : "");
		return SKIPPED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(suites); i++)
		failed |= suite_run(i, argv[1]);
	failed |= rule_files_run(argv[1]);
	return failed ? 1 : 0;
}
