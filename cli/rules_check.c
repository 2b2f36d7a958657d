#include <stdio.h>
#include <stdlib.h>

#include "cli/commands.h"
#include "cli/rules.h"
#include "cli/screen.h"
#include "json/json.h"
#include "rules/falco_result.h"
#include "rules/policy.h"

#define FORMATS (1u << TABLE_TEXT | 1u << TABLE_JSON | 1u << TABLE_JSONL | 1u << TABLE_CSV | 1u << TABLE_TSV)
#define DIGITS	12

struct rules_conf {
	const char *output;
	struct opt_list policies;
};

static const struct opt opts[] = {
	OPT(rules_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table, json, jsonl, csv or tsv"),
	OPT(rules_conf, policies, "policy", 0, OPT_LIST, "POLICIES", NULL,
	    "policy file or folder, checked against the rules; may be repeated"),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "file" },
	{ .name = "line", .is_number = true },
	{ .name = "column", .is_number = true },
	{ .name = "level" },
	{ .name = "code" },
	{ .name = "item" },
	{ .name = "message" },
};

static int print_table(const struct diagnostic *diagnostics, size_t count, enum table_format format, struct err *err)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < count; i++) {
		const struct diagnostic *row = &diagnostics[i];
		char line[DIGITS], column[DIGITS];

		snprintf(line, sizeof(line), "%d", row->line);
		snprintf(column, sizeof(column), "%d", row->column);
		const char *cells[] = { row->file, line,      column,	   row->is_error ? "error" : "warning",
					row->code, row->item, row->message };
		if (table_add(table, cells, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

static void add_count(struct strbuf *out, size_t count, const char *what, const char *after)
{
	strbuf_addf(out, "%zu %s%s%s", count, what, count == 1 ? "" : "s", after);
}

/* Rules and the policies given with them; without any policies is NULL. */
struct checked {
	const struct ruleset *rules;
	const struct policies *policies;
};

static int print_text(const struct checked *checked, const struct diagnostic *diagnostics, size_t count,
		      struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	size_t errors = 0;

	for (size_t i = 0; i < count; i++) {
		diagnostic_format(&diagnostics[i], &out);
		errors += diagnostics[i].is_error;
	}
	add_count(&out, ruleset_count(checked->rules), "rule", ", ");
	if (checked->policies)
		strbuf_addf(&out, "%zu in no policy, ", policies_unused_rules(checked->policies));
	add_count(&out, errors, "error", ", ");
	add_count(&out, count - errors, "warning", "\n");
	return screen_write(&out, err);
}

/* As Falco's, so that what reads its results reads these. */
static int print_result(const struct ruleset *set, struct err *err)
{
	AUTO_JSON json = falco_result(set);

	return json ? screen_json(json, err) : err_set(err, ERR_MEMORY, "out of memory");
}

/* Policies that name rules which are wrong themselves are not called wrong for that. */
static int check_policies(const struct opt_list *paths, const struct ruleset *rules, struct policies *policies,
			  bool *is_bad, struct err *err)
{
	int code = policies ? 0 : err_set(err, ERR_MEMORY, "out of memory");
	const struct diagnostic *rows;
	size_t count;

	for (size_t i = 0; code == 0 && i < paths->count; i++)
		code = policies_add_path(policies, paths->items[i], err);
	if (code == 0 && !*is_bad)
		code = policies_bind(policies, rules, NULL, err);
	if (code < 0 && code != ERR_SYNTAX)
		return code;
	rows = policies_diagnostics(policies, &count);
	for (size_t i = 0; i < count; i++)
		*is_bad |= rows[i].is_error;
	return 0;
}

static int print(const struct checked *checked, enum table_format format, struct err *err)
{
	size_t rule_rows, policy_rows = 0;
	const struct diagnostic *of_rules = ruleset_diagnostics(checked->rules, &rule_rows), *of_policies = NULL;
	AUTO_FREE struct diagnostic *rows = NULL;

	if (checked->policies)
		of_policies = policies_diagnostics(checked->policies, &policy_rows);
	rows = calloc(rule_rows + policy_rows + 1, sizeof(*rows));
	if (!rows)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < rule_rows; i++)
		rows[i] = of_rules[i];
	for (size_t i = 0; i < policy_rows; i++)
		rows[rule_rows + i] = of_policies[i];
	return format == TABLE_TEXT ? print_text(checked, rows, rule_rows + policy_rows, err)
				    : print_table(rows, rule_rows + policy_rows, format, err);
}

static int run(const void *options, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct rules_conf *conf = options;
	const struct rules_from from = { argc, argv, NULL };
	AUTO_RULESET set = NULL;
	struct policies *policies = NULL;
	enum table_format format;
	bool is_bad = false;
	int code;

	if (screen_format(conf->output, FORMATS, &format, err) < 0)
		return err->code;
	if (format == TABLE_JSON && conf->policies.count)
		return err_set(err, ERR_USAGE, "json is Falco's form, which knows no policies; ask for jsonl");
	if (rules_load(&from, &set, &is_bad, err) < 0)
		return err->code;
	code = 0;
	if (conf->policies.count) {
		policies = policies_new(false);
		code = check_policies(&conf->policies, set, policies, &is_bad, err);
	}
	if (code == 0)
		code = format == TABLE_JSON ? print_result(set, err)
					    : print(&(struct checked){ set, policies }, format, err);
	policies_free(policies);
	if (is_bad)
		*ret_exit = err_exit_code(ERR_FAILED);
	return code;
}

const struct command rules_check_command = {
	.name = "rules check",
	.arguments = "FILE...",
	.summary = "check rule files together, in the order given, and say what is wrong where",
	.details = "Examples:\n"
		   "  secctl rules check falco_rules.yaml my_rules.yaml\n"
		   "  secctl rules check my-rules/ -o json\n"
		   "  secctl rules check my-rules/ --policy policies.yaml\n"
		   "\n"
		   "json is what Falco prints when it validates rules, jsonl a line for each problem.\n"
		   "A folder stands for its *.yaml files. Exits with 1 when there is an error; warnings alone are 0.",
	.opts = opts,
	.conf_size = sizeof(struct rules_conf),
	.args_min = 1,
	.args_max = -1,
	.run = run,
};
