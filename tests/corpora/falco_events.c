/*
 * libsinsp_event_assertions.json: conditions on events that Falco's tests make, with what they must say. The cases name the
 * test, not the event; what the event has to say for a condition is in the table here. The rest does not apply, and is counted.
 */
#include <stdio.h>
#include <string.h>

#include "falco.h"
#include "rules/given.h"

#define EVENT_ARENA_MAX (8u << 20)
#define FIELDS_MAX	6

struct event_field {
	const char *name, *text;
	size_t length; /* of a text that holds NULs */
};

/* By the end of the name of the test. */
static const struct event_setup {
	const char *test, *evt_type;
	struct event_field fields[FIELDS_MAX];
} setups[] = {
	{ ".event_res", "open", { { "evt.rawres", "-22" } } },
	{ ".filter_val_transformer", "open", { { "evt.args", "fd=3" }, { "syscall.type", "open" } } },
	{ ".filter_not_supported_rhs_field", "open", { { NULL, NULL } } },
	{ ".filter_transformers_wrong_input_type", "open", { { NULL, NULL } } },
	{ ".filter_str_op_modifier_evaluation", "getcwd", { { "evt.source", "syscall" } } },
	{ ".bytebuf_bcontains_bstartswith", "write", { { "evt.buffer", "hello" } } },
	{ ".bytebuf_matches_nul", "write", { { "evt.buffer", "a\0b", 3 } } },
	{ ".contains_icontains",
	  "open",
	  { { "evt.arg.flags", "O_RDWR|O_CREAT" }, { "fd.name", "/opt/dir/SUBDIR" } } },
	{ ".net_modifier_ip_compare", "connect", { { "fd.sip", "142.251.111.147" } } },
	{ ".signed_int_compare", "open", { { "evt.cpu", "1" }, { "fd.num", "-1" } } },
	{ ".pmatch", "open", { { "fd.name", "/opt/dir/subdir" } } },
	{ ".basename_transformer", "open", { { "fd.name", "/tmp/file_to_run" } } },
	{ ".multivalue_transformer_",
	  "open",
	  { { "fd.name", "/tmp/file_to_run" }, { "fd.directory", "/tmp" }, { "fd.filename", "file_to_run" } } },
	{ ".FILTERCHECK_MOD_", "execve", { { "proc.name", "myexe" } } },
	{ ".EVT_FILTER_data_buffer_str", "write", { { "evt.arg.data", "gigi" } } },
	{ ".fspath_fields_invalid_utf8_match",
	  "rename",
	  { { "fs.path.source", "/tmp/\xff" }, { "fs.path.target", "/tmp/\xff" } } },
	{ ".proc_cwd_invalid_utf8_match", "open", { { "proc.cwd", "/tmp/c\xff/" } } },
};

/* Why a case does not apply. */
static const char reason_values[] = "read fields of raw events, whose decoding is the sensor's";
static const char reason_unknown[] = "are conditions on an event that the case does not tell";
static const char reason_variable[] = "are conditions that are a variable of theirs";
static const char reason_typed[] = "compare evt.rawarg as a number, which is a text here";
static const char reason_fields[] = "name fields that our table does not have";

static struct left_out left_out[REASONS_MAX];

static const struct event_setup *setup_find(const char *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(setups); i++) {
		if (strstr(test, setups[i].test))
			return &setups[i];
	}
	return NULL;
}

/* 1 holds, 0 does not, -1 does not compile. */
static int condition_ask(const struct event_setup *setup, const char *condition, struct err *err)
{
	AUTO_ARENA arena;
	struct ruleset *set = rule_load(condition, err);
	struct field_reader reader;
	struct given given;
	int answer = -1;

	arena_init(&arena, EVENT_ARENA_MAX);
	if (!set || !given_init(&given, &arena)) {
		ruleset_free(set);
		return -1;
	}
	for (const struct event_field *field = setup->fields; field < setup->fields + FIELDS_MAX && field->name;
	     field++) {
		if (given_set(&given, SOURCE_SYSCALL, field->name, &field->text, 1, err) == 0 && field->length) {
			given.values[given.count - 1].value.text = field->text;
			given.values[given.count - 1].value.length = field->length;
		}
	}
	reader = given_reader(&given);
	if (err->code == 0)
		answer = (int)ruleset_match(set, "syscall", setup->evt_type, &reader, NULL, NULL);
	ruleset_free(set);
	return answer;
}

/* -1 for throws */
static int expected(const json_t *expect, bool compiles_only)
{
	if (compiles_only)
		return json_is_true(expect) ? 0 : -1;
	return json_is_boolean(expect) ? json_is_true(expect) : -1;
}

static void condition_case(struct suite *suite, const json_t *row, const char *call)
{
	bool compiles_only = strcmp(call, "filter_compiles") == 0;
	json_t *args = json_object_get(row, "args");
	const char *condition = json_string_value(json_array_get(args, compiles_only ? 0 : 1));
	const struct event_setup *setup = setup_find(json_text(row, "test"));
	struct err err = { 0 };
	int wanted = expected(json_object_get(row, "expect"), compiles_only), answer;

	if (strcmp(condition, "filter_str") == 0) {
		left_out_count(left_out, reason_variable);
		return;
	}
	if (strstr(condition, "evt.rawarg.")) {
		left_out_count(left_out, reason_typed);
		return;
	}
	if (!setup) {
		left_out_count(left_out, reason_unknown);
		return;
	}
	answer = condition_ask(setup, condition, &err);
	if (answer < 0 && wanted >= 0 && strstr(err.message, "unrecognized field")) {
		left_out_count(left_out, reason_fields);
		return;
	}
	if (answer != wanted && show_failures && *err.message)
		fprintf(stderr, "  %s\n", err.message);
	suite_case(suite, answer == wanted || (compiles_only && answer >= 0 && wanted >= 0), condition);
}

void events_run(const char *folder, const json_t *cases, struct suite *suite)
{
	size_t index;
	json_t *row;

	(void)folder;
	json_array_foreach (json_object_get(cases, "cases"), index, row) {
		const char *call = json_text(row, "call");

		if (strcmp(call, "eval_filter") == 0 || strcmp(call, "filter_compiles") == 0)
			condition_case(suite, row, call);
		else
			left_out_count(left_out, reason_values);
	}
	left_out_print(suite, left_out);
}
