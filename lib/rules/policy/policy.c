#include "rules/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/policy/parts.h"

struct policies *policies_new(bool is_optional)
{
	struct policies *policies = calloc(1, sizeof(*policies));

	if (!policies)
		return NULL;
	arena_init(&policies->arena, POLICY_ARENA_MAX);
	policies->is_optional = is_optional;
	policies->names = map_new();
	policies->diagnostics = calloc(POLICY_DIAGNOSTICS_MAX, sizeof(*policies->diagnostics));
	policies->diagnostic_files = calloc(POLICY_DIAGNOSTICS_MAX, sizeof(*policies->diagnostic_files));
	if (policies->names && policies->diagnostics && policies->diagnostic_files)
		return policies;
	policies_free(policies);
	return NULL;
}

void policies_free(struct policies *policies)
{
	if (!policies)
		return;
	map_free(policies->names);
	free(policies->diagnostics);
	free(policies->diagnostic_files);
	arena_fini(&policies->arena);
	free(policies);
}

static const char *line_text(struct arena *arena, const struct policy_file *file, int line)
{
	size_t length;
	const char *at = diagnostic_line(file->text, file->length, line, &length);

	return at ? arena_copy(arena, at, length) : NULL;
}

/* Room for a row, behind those of earlier places; NULL when there are too many. */
static struct diagnostic *diagnostic_insert(struct policies *policies, size_t file, const struct yaml_place *place)
{
	size_t at = policies->diagnostic_count;

	if (at == POLICY_DIAGNOSTICS_MAX)
		return NULL;
	for (; at; at--) {
		const struct diagnostic *before = &policies->diagnostics[at - 1];
		size_t number = policies->diagnostic_files[at - 1];

		if (number < file ||
		    (number == file && (before->line < place->line ||
					(before->line == place->line && before->column <= place->column))))
			break;
		policies->diagnostics[at] = *before;
		policies->diagnostic_files[at] = number;
	}
	policies->diagnostic_count++;
	policies->diagnostic_files[at] = file;
	return &policies->diagnostics[at];
}

void policies_report(struct policies *policies, const struct policy_file *file, const struct yaml_place *place,
		     const struct policy *policy, const char *code, const char *format, ...)
{
	bool is_error = strncmp(code, "POLICY_ERR_", strlen("POLICY_ERR_")) == 0;
	struct diagnostic *row = diagnostic_insert(policies, file->number, place);
	char message[ERR_MESSAGE_MAX];
	va_list args;

	policies->error_count += is_error;
	if (!row)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	*row = (struct diagnostic){ .is_error = is_error,
				    .code = code,
				    .file = file->name,
				    .line = place->line,
				    .column = place->column,
				    .message = arena_dup(&policies->arena, message),
				    .snippet = line_text(&policies->arena, file, place->line) };
	if (policy && policy->name)
		row->item = arena_printf(&policies->arena, "policy \"%s\"", policy->name);
	if (!row->message)
		row->message = "out of memory";
}

int policies_add_text(struct policies *policies, const char *name, const char *text, size_t length, struct err *err)
{
	struct policy_file *file = arena_new(&policies->arena, struct policy_file);
	struct yaml_place place = { 1, 1 };
	struct yaml_file yaml = { 0 };
	struct err problem;
	int done;

	if (!file || !vector_push(&policies->files, &policies->arena, file))
		return err_set(err, ERR_MEMORY, "out of memory");
	*file = (struct policy_file){ arena_dup(&policies->arena, name), arena_copy(&policies->arena, text, length),
				      length, policies->files.count };
	if (!file->name || !file->text)
		return err_set(err, ERR_MEMORY, "out of memory");
	done = yaml_parse(file->text, length, &policies->arena, &yaml, &place, &problem);
	if (done == ERR_MEMORY)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < yaml.count; i++)
		policy_document_read(policies, file, yaml.documents[i]);
	if (done < 0)
		policies_report(policies, file, &place, NULL, "POLICY_ERR_YAML", "%s", problem.message);
	return policies->failed_memory ? err_set(err, ERR_MEMORY, "out of memory") : 0;
}

const struct diagnostic *policies_diagnostics(const struct policies *policies, size_t *ret_count)
{
	*ret_count = policies->diagnostic_count;
	return policies->diagnostics;
}

size_t policies_count(const struct policies *policies)
{
	return policies->items.count;
}

void policies_info(const struct policies *policies, size_t index, struct policy_info *ret)
{
	const struct policy *policy = policies->items.items[index];

	*ret = (struct policy_info){ .name = policy->name,
				     .description = policy->description,
				     .source = policy->source,
				     .file = policy->file->name,
				     .line = policy->line,
				     .severity = policy->severity,
				     .enabled = policy->is_enabled,
				     .rule_count = policy->rule_count,
				     .actions = policy->actions };
}

unsigned int policies_actions(const struct policies *policies, size_t rule)
{
	return policies->of_rules[rule].actions;
}

size_t policies_unused_rules(const struct policies *policies)
{
	return policies->unused_rules;
}

uint64_t policies_hash(const struct policies *policies, uint64_t hash)
{
	for (size_t i = 0; i < policies->files.count; i++) {
		const struct policy_file *file = policies->files.items[i];

		for (size_t k = 0; k < file->length; k++)
			hash = (hash ^ (unsigned char)file->text[k]) * UINT64_C(0x100000001b3);
	}
	return hash;
}

bool policies_admit(const struct policies *policies, size_t rule, const struct field_reader *reader,
		    struct arena *arena, struct policy_verdict *ret)
{
	const struct rule_policies *of_rule = &policies->of_rules[rule];
	bool is_admitted = false;
	const char **names;

	*ret = (struct policy_verdict){ of_rule->names, of_rule->policies.count, of_rule->severity,
					of_rule->actions };
	if (!of_rule->is_scoped)
		return of_rule->policies.count || policies->is_optional;
	names = arena_array(arena, const char *, of_rule->policies.count);
	*ret = (struct policy_verdict){ .names = names };
	for (size_t i = 0; i < of_rule->policies.count; i++) {
		const struct policy *policy = of_rule->policies.items[i];

		if (!policy_scope_matches(policy, reader))
			continue;
		is_admitted = true;
		ret->actions |= policy->actions;
		if (names)
			names[ret->count++] = policy->name;
		if (policy->severity > ret->severity)
			ret->severity = policy->severity;
	}
	return is_admitted;
}
