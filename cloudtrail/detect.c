#include "cloudtrail/detect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cloudrecord/fields.h"
#include "rules/pack.h"
#include "rules/ruleset.h"

#define HOSTNAME_MAX 256

struct detect {
	struct ruleset *rules;
	uint64_t number; /* of the record, from 1 */
	char hostname[HOSTNAME_MAX];
};

static void print_diagnostics(const struct ruleset *rules)
{
	AUTO_STRBUF text = STRBUF_INIT;
	size_t count;
	const struct diagnostic *diagnostics = ruleset_diagnostics(rules, &count);

	for (size_t i = 0; i < count; i++)
		diagnostic_format(&diagnostics[i], &text);
	fputs(text.data, stderr);
}

static int load(struct detect *detect, const struct opt_list *paths, struct err *err)
{
	int code;

	if (!paths->count && rulepack_add(detect->rules, CLOUDTRAIL_SOURCE, err) < 0)
		return err->code;
	for (size_t i = 0; i < paths->count; i++) {
		if (ruleset_add_path(detect->rules, paths->items[i], err) < 0)
			return err_wrap(err, "could not load rules");
	}
	code = ruleset_compile(detect->rules, err);
	print_diagnostics(detect->rules);
	return code < 0 ? err_wrap(err, "the rules have errors") : 0;
}

int detect_open(const struct opt_list *rules, struct detect **ret, struct err *err)
{
	AUTO_DETECT detect = calloc(1, sizeof(*detect));

	if (!detect)
		return err_set(err, ERR_MEMORY, "out of memory");
	detect->rules = ruleset_new();
	if (!detect->rules)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (gethostname(detect->hostname, sizeof(detect->hostname) - 1) < 0)
		strcpy(detect->hostname, "localhost");
	if (load(detect, rules, err) < 0)
		return err->code;
	*ret = TAKE(detect);
	return 0;
}

void detect_close(struct detect *detect)
{
	if (!detect)
		return;
	ruleset_free(detect->rules);
	free(detect);
}

void detect_close_pointer(struct detect **detect)
{
	detect_close(*detect);
	*detect = NULL;
}

const char *detect_hostname(const struct detect *detect)
{
	return detect->hostname;
}

struct held {
	size_t rules[RECORD_ALERTS_MAX];
	size_t count;
};

static void note_rule(void *context, size_t rule)
{
	struct held *held = context;

	if (held->count < RECORD_ALERTS_MAX)
		held->rules[held->count++] = rule;
}

int detect_record(struct detect *detect, const struct record *record, struct arena *arena, struct alert **ret,
		  struct err *err)
{
	struct fields fields = {
		.record = record, .arena = arena, .number = ++detect->number, .hostname = detect->hostname
	};
	struct field_reader reader = fields_reader(&fields);
	struct held held = { .count = 0 };

	*ret = NULL;
	ruleset_match(detect->rules, CLOUDTRAIL_SOURCE, record->name, &reader, note_rule, &held);
	if (!held.count)
		return 0;
	*ret = arena_array(arena, struct alert, held.count);
	if (!*ret)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < held.count; i++) {
		if (ruleset_alert(detect->rules, held.rules[i], &reader, arena, &(*ret)[i], err) < 0)
			return err->code;
	}
	return (int)held.count;
}
