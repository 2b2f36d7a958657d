#include <stdio.h>

#include "cli/commands.h"
#include "cli/rules.h"
#include "cli/screen.h"
#include "json/json.h"
#include "rules/falco_result.h"

#define FORMATS (1u << TABLE_TEXT | 1u << TABLE_JSON | 1u << TABLE_JSONL | 1u << TABLE_CSV | 1u << TABLE_TSV)
#define DIGITS	12

struct rules_conf {
	const char *output;
};

static const struct opt opts[] = {
	OPT(rules_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table, json, jsonl, csv or tsv"),
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

static int print_text(const struct ruleset *set, const struct diagnostic *diagnostics, size_t count, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	size_t errors = 0;

	for (size_t i = 0; i < count; i++) {
		diagnostic_format(&diagnostics[i], &out);
		errors += diagnostics[i].is_error;
	}
	add_count(&out, ruleset_count(set), "rule", ", ");
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

static int run(const void *options, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct rules_conf *conf = options;
	const struct rules_from from = { argc, argv, NULL };
	const struct diagnostic *diagnostics;
	AUTO_RULESET set = NULL;
	enum table_format format;
	bool is_bad = false;
	size_t count;
	int code;

	if (screen_format(conf->output, FORMATS, &format, err) < 0 || rules_load(&from, &set, &is_bad, err) < 0)
		return err->code;
	diagnostics = ruleset_diagnostics(set, &count);
	if (format == TABLE_JSON)
		code = print_result(set, err);
	else
		code = format == TABLE_TEXT ? print_text(set, diagnostics, count, err)
					    : print_table(diagnostics, count, format, err);
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
		   "  secctl rules check rules/ -o json\n"
		   "\n"
		   "json is what Falco prints when it validates rules, jsonl a line for each problem.\n"
		   "A folder stands for its *.yaml files. Exits with 1 when there is an error; warnings alone are 0.",
	.opts = opts,
	.conf_size = sizeof(struct rules_conf),
	.args_min = 1,
	.args_max = -1,
	.run = run,
};
