#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "reader.h"
#include "rules/ruleset.h"

static const char rules[] = "- rule: one\n  desc: d\n  condition: evt.type=open and fd.name exists\n"
			    "  output: Opened %fd.name\n  priority: INFO\n  tags: [a, b]\n"
			    "- rule: two\n  desc: d\n  condition: ct.name=X\n  source: aws_cloudtrail\n"
			    "  output: Called\n  priority: INFO\n";

static const struct reader_row event[] = {
	{ "evt.type", "open" },	    { "fd.name", "/x" }, { "proc.name", "cat" },
	{ "container.id", "4711" }, { "user.uid", "7" }, { NULL, NULL },
};

static struct ruleset *set_make(const char *extra, int *ret_done, struct err *err)
{
	struct ruleset *set = ruleset_new();

	assert_non_null(set);
	assert_int_equal(ruleset_add_text(set, "rules", rules, strlen(rules), err), 0);
	*ret_done = ruleset_append_output(set, "falco.yaml", extra, strlen(extra), err);
	if (*ret_done == 0)
		*ret_done = ruleset_compile(set, err);
	return set;
}

static const char *field_of(const struct alert *alert, const char *name)
{
	for (size_t i = 0; i < alert->field_count; i++) {
		if (strcmp(alert->fields[i].name, name) == 0)
			return alert->fields[i].json;
	}
	return NULL;
}

static void alert_make(const char *extra, size_t rule, struct arena *arena, struct alert *ret)
{
	struct field_reader reader = reader_make(event);
	struct ruleset *set;
	struct err err;
	int done;

	set = set_make(extra, &done, &err);
	if (done < 0)
		fail_msg("%s", err.message);
	assert_int_equal(ruleset_alert(set, rule, &reader, arena, ret, &err), 0);
	/* what the test looks at is in the arena, but for names, which it compares at once */
	ret->output = arena_dup(arena, ret->output);
	for (size_t i = 0; i < ret->field_count; i++)
		((struct alert_field *)ret->fields)[i].name = arena_dup(arena, ret->fields[i].name);
	ruleset_free(set);
}

static void outputs_and_fields_are_added_where_they_match(void **state)
{
	static const char extra[] = "json_output: true\nappend_output:\n"
				    "  - match: {source: syscall, tags: [b]}\n    extra_output: by %proc.name\n"
				    "    extra_fields: [user.uid, where: 'id %container.id', fixed: text]\n"
				    "  - match: {rule: two}\n    extra_output: elsewhere\n"
				    "  - match: {tags: [b, c]}\n    extra_output: never\n";
	struct alert alert;
	AUTO_ARENA arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	alert_make(extra, 0, &arena, &alert);
	assert_string_equal(alert.output, "Opened /x by cat");
	assert_string_equal(field_of(&alert, "proc.name"), "\"cat\"");
	assert_string_equal(field_of(&alert, "user.uid"), "7");
	assert_string_equal(field_of(&alert, "where"), "\"id 4711\"");
	assert_string_equal(field_of(&alert, "fixed"), "\"text\"");
	assert_null(field_of(&alert, "container.id"));
	alert_make(extra, 1, &arena, &alert);
	assert_string_equal(alert.output, "Called elsewhere");
	assert_null(field_of(&alert, "where"));
}

static void suggested_output_is_that_of_the_source(void **state)
{
	struct alert alert;
	AUTO_ARENA arena;

	(void)state;
	arena_init(&arena, 1 << 20);
	alert_make("append_output: [{suggested_output: true}]\n", 0, &arena, &alert);
	assert_string_equal(alert.output,
			    "Opened /x container_id=4711 container_name=<NA> container_image_repository=<NA> "
			    "container_image_tag=<NA> k8s_pod_name=<NA> k8s_ns_name=<NA>");
	alert_make("append_output: [{suggested_output: true}]\n", 1, &arena, &alert);
	assert_string_equal(alert.output, "Called");
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text, *message;
	} wrongs[] = {
		{ "a: 1\n", "falco.yaml: there is no key \"append_output\"" },
		{ "append_output: 1\n", "falco.yaml:1:16: append_output: it is a sequence" },
		{ "append_output: [1]\n", "falco.yaml:1:17: append_output: each entry is a mapping" },
		{ "append_output:\n  - match: {tag: x}\n",
		  "falco.yaml:2:13: append_output: \"match\" has the keys rule, source and tags" },
		{ "append_output:\n  - extra_fields: [[a]]\n",
		  "falco.yaml:2:21: append_output: an extra field is a field, or a name and a format" },
		{ "append_output:\n  - other: x\n",
		  "falco.yaml:2:5: append_output: an entry has the keys match, extra_output, extra_fields and "
		  "suggested_output" },
		{ "append_output: [\n", "falco.yaml:" },
		{ "append_output: [{extra_output: '%no.such'}]\n",
		  "rules:1:3: rule \"one\": invalid formatting token" },
	};
	struct err err;
	int done;

	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(*wrongs); i++) {
		struct ruleset *set = set_make(wrongs[i].text, &done, &err);

		assert_int_equal(done, ERR_SYNTAX);
		if (strncmp(err.message, wrongs[i].message, strlen(wrongs[i].message)) != 0)
			fail_msg("\"%s\" is not \"%s\"", err.message, wrongs[i].message);
		ruleset_free(set);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_and_fields_are_added_where_they_match),
		cmocka_unit_test(suggested_output_is_that_of_the_source),
		cmocka_unit_test(what_is_wrong_is_told_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
