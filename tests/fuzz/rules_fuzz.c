/* Whole rule files: read, compiled, run on an event in which every text field says the same; alerts made. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rules/ruleset.h"

#define INPUT_MAX (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool value_read(const void *context, enum field field, const char *argument, struct value *ret)
{
	(void)context;
	(void)argument;
	*ret = (struct value){ .type = field_infos[field].type };
	if (ret->type == VALUE_TEXT || ret->type == VALUE_BYTES)
		*ret = value_text("/usr/bin/some text", strlen("/usr/bin/some text"));
	ret->type = field_infos[field].type;
	return field % 3;
}

struct firing {
	const struct ruleset *set;
	const struct field_reader *reader;
};

static void alert_make(void *context, size_t rule)
{
	struct firing *firing = context;
	struct alert alert;
	AUTO_ARENA arena;

	arena_init(&arena, 16u << 20);
	if (ruleset_alert(firing->set, rule, firing->reader, &arena, &alert, NULL) == 0 && !alert.output)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct field_reader reader = { .read = value_read };
	struct ruleset *set = ruleset_new();
	struct firing firing = { set, &reader };
	AUTO_STRBUF text = STRBUF_INIT;
	const struct diagnostic *diagnostics;
	struct err err;
	size_t count;

	if (!set || size > INPUT_MAX) {
		ruleset_free(set);
		return 0;
	}
	if (ruleset_add_text(set, "fuzz.yaml", (const char *)data, size, &err) == 0 &&
	    ruleset_compile(set, &err) == 0) {
		ruleset_match(set, "syscall", "openat", &reader, alert_make, &firing);
		ruleset_match(set, "aws_cloudtrail", "DeleteTrail", &reader, alert_make, &firing);
	}
	diagnostics = ruleset_diagnostics(set, &count);
	for (size_t i = 0; i < count; i++)
		diagnostic_format(&diagnostics[i], &text);
	ruleset_free(set);
	return 0;
}
