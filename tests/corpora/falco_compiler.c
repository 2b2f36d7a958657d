/* filter_compiler.json: conditions that must compile or not, and what some of them say of fields with known values. */
#include <string.h>

#include "falco.h"
#include "rules/compile/compile.h"

/* Upstream's cases use made-up fields; ours with the same type stand in for them. */
static const struct {
	const char *theirs, *ours;
} stand_ins[] = {
	{ "c.true", "evt.hostname" },	 { "c.false", "proc.sname" },	  { "c.buffer", "evt.buffer" },
	{ "c.doublequote", "proc.cwd" }, { "c.singlequote", "proc.exe" },
};

static bool stand_in_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	(void)context;
	(void)argument;
	switch (field) {
	case FIELD_EVT_HOSTNAME:
		*ret = value_text("1", 1);
		return true;
	case FIELD_PROC_SNAME:
		*ret = value_text("0", 1);
		return true;
	case FIELD_PROC_CWD:
		*ret = value_text("hello \"quoted\"", strlen("hello \"quoted\""));
		return true;
	case FIELD_PROC_EXE:
		*ret = value_text("hello 'quoted'", strlen("hello 'quoted'"));
		return true;
	default:
		return false;
	}
}

static void filter_translate(const char *filter, struct strbuf *out)
{
	while (*filter) {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(stand_ins) && !found; i++) {
			size_t length = strlen(stand_ins[i].theirs);

			found = strncmp(filter, stand_ins[i].theirs, length) == 0;
			if (found) {
				strbuf_adds(out, stand_ins[i].ours);
				filter += length;
			}
		}
		if (!found)
			strbuf_addc(out, *filter++);
	}
}

/* A rule around the condition, as JSON, which is YAML. */
struct ruleset *rule_load(const char *condition, struct err *err)
{
	const char *source = strstr(condition, "plugininfo") ? "aws_cloudtrail" : "syscall";
	AUTO_JSON rules =
		json_pack("[{s:s, s:s, s:s, s:s, s:s, s:s, s:b}]", "rule", "r", "desc", "d", "condition", condition,
			  "output", "o", "priority", "INFO", "source", source, "warn_evttypes", 0);
	AUTO_FREE char *text = json_dumps(rules, JSON_COMPACT);
	struct ruleset *set = ruleset_new();

	if (!set || !text || ruleset_add_text(set, "case", text, strlen(text), err) < 0) {
		ruleset_free(set);
		return NULL;
	}
	ruleset_compile(set, err);
	return set;
}

static bool case_passes(const json_t *row, const char *condition)
{
	const struct field_reader reader = { .read = stand_in_read };
	const char *kind = json_text(row, "kind"), *message = json_text(row, "message");
	json_t *warnings = json_object_get(row, "warnings");
	struct err err = { 0 };
	struct ruleset *set = rule_load(condition, &err);
	const struct diagnostic *diagnostics = NULL;
	size_t count = 0, errors = 0;
	bool fine;

	if (set)
		diagnostics = ruleset_diagnostics(set, &count);
	for (size_t i = 0; i < count; i++)
		errors += diagnostics[i].is_error;
	if (strcmp(kind, "run") == 0)
		fine = (ruleset_match(set, "syscall", "open", &reader, NULL, NULL) == 1) ==
		       json_is_true(json_object_get(row, "expect"));
	else if (strcmp(kind, "compile") == 0)
		fine = (errors == 0) == json_is_true(json_object_get(row, "expect_ok")) &&
		       (errors || count == (size_t)json_integer_value(warnings));
	else
		fine = errors && strstr(err.message, message);
	if (!fine && show_failures && count)
		fprintf(stderr, "  %s\n", diagnostics[0].message);
	ruleset_free(set);
	return fine;
}

void compiler_run(const char *folder, const json_t *cases, struct suite *suite)
{
	struct left_out left_out[REASONS_MAX] = { 0 };
	size_t index;
	json_t *row;

	(void)folder;
	json_array_foreach (json_object_get(cases, "cases"), index, row) {
		AUTO_STRBUF condition = STRBUF_INIT;

		if (strcmp(json_text(row, "filter"), "filter_str") == 0) {
			left_out_count(left_out, "are a variable of theirs, whose text the case does not have");
			continue;
		}
		filter_translate(json_text(row, "filter"), &condition);
		suite_case(suite, case_passes(row, condition.data), condition.data);
	}
	left_out_print(suite, left_out);
}
