/* A file with append_output, added to two rules: it loads or says what is wrong, and alerts are made with what it adds. */
#include <stdlib.h>
#include <string.h>

#include "rules/ruleset.h"

#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] = "- rule: one\n  desc: d\n  condition: evt.type=open\n  output: '%fd.name'\n"
			    "  priority: INFO\n  tags: [a, b]\n"
			    "- rule: two\n  desc: d\n  condition: ct.name exists\n  source: aws_cloudtrail\n"
			    "  output: x\n  priority: INFO\n";

static bool value_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	(void)context;
	(void)argument;
	*ret = (struct value){ .type = field_infos[field].type, .number = 7 };
	if (ret->type == VALUE_TEXT || ret->type == VALUE_BYTES)
		*ret = value_text("text", 4);
	return field % 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct field_reader reader = { .read = value_read };
	struct ruleset *set = size < INPUT_MAX ? ruleset_new() : NULL;
	struct alert alert;
	struct err err;

	if (set && ruleset_add_text(set, "rules", rules, strlen(rules), &err) == 0 &&
	    ruleset_append_output(set, "falco.yaml", (const char *)data, size, &err) == 0 &&
	    ruleset_compile(set, &err) == 0) {
		for (size_t i = 0; i < ruleset_count(set); i++) {
			AUTO_ARENA arena;

			arena_init(&arena, 16u << 20);
			if (ruleset_alert(set, i, &reader, &arena, &alert, &err) == 0 && !alert.output)
				abort();
		}
	}
	ruleset_free(set);
	return 0;
}
