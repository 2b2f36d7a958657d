#include <stdio.h>

#include "cli/commands.h"
#include "cli/rules.h"
#include "cli/screen.h"
#include "model/entity.h"

#define FORMATS (1u << TABLE_TEXT | 1u << TABLE_JSON | 1u << TABLE_JSONL | 1u << TABLE_CSV | 1u << TABLE_TSV)

struct rules_conf {
	const char *output;
	struct rule_choice choice;
};

static const struct opt opts[] = {
	OPT(rules_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table, json, jsonl, csv or tsv"),
	RULE_CHOICE_OPTS(rules_conf, choice),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "rule", .title = "RULE" },
	{ .name = "priority", .title = "PRIORITY" },
	{ .name = "source", .title = "SOURCE" },
	{ .name = "enabled", .title = "ENABLED" },
	{ .name = "version", .title = "VERSION" },
	{ .name = "tags", .title = "TAGS", .may_shorten = true },
	{ .name = "place", .title = "PLACE", .may_shorten = true },
};

static int add_rule(struct table *table, const struct rule_info *rule, struct err *err)
{
	AUTO_STRBUF tags = STRBUF_INIT;
	AUTO_STRBUF place = STRBUF_INIT;

	for (size_t i = 0; i < rule->tag_count; i++)
		strbuf_addf(&tags, "%s%s", i ? "," : "", rule->tags[i]);
	strbuf_addf(&place, "%s:%d", rule->file, rule->line);
	const char *cells[] = { rule->name,    priority_name(rule->priority),
				rule->source,  rule->enabled ? "yes" : "no",
				rule->version, tags.length ? tags.data : NULL,
				place.data };
	return table_add(table, cells, err);
}

static int run(const void *options, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct rules_conf *conf = options;
	const struct rules_from from = { argc, argv, &conf->choice };
	AUTO_STRBUF unmatched = STRBUF_INIT;
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	AUTO_RULESET set = NULL;
	enum table_format format;
	bool is_bad = false;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (screen_format(conf->output, FORMATS, &format, err) < 0 || rules_load(&from, &set, &is_bad, err) < 0)
		return err->code;
	rule_choice_unmatched(set, &unmatched);
	if (unmatched.length)
		fprintf(stderr, "secctl: %s", unmatched.data);
	for (size_t i = 0; i < ruleset_count(set); i++) {
		struct rule_info rule;

		ruleset_info(set, i, &rule);
		if (add_rule(table, &rule, err) < 0)
			return err->code;
	}
	if (is_bad) {
		fprintf(stderr, "secctl: some rules are wrong; secctl rules check says which\n");
		*ret_exit = err_exit_code(ERR_FAILED);
	}
	return screen_table(table, format, err);
}

const struct command rules_list_command = {
	.name = "rules list",
	.arguments = "[FILE...]",
	.summary = "list rules with their priority, source, version and place: of files, or those shipped",
	.details = "Examples:\n"
		   "  secctl rules list\n"
		   "  secctl rules list my-rules/\n"
		   "  secctl rules list --disable-tag container --enable-rule 'Reverse shell*'\n"
		   "  secctl rules list falco_rules.yaml -o tsv | cut -f 1,2",
	.opts = opts,
	.conf_size = sizeof(struct rules_conf),
	.args_min = 0,
	.args_max = -1,
	.run = run,
};
