#include <stdio.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"

#define FORMATS	   (1u << TABLE_TEXT | 1u << TABLE_JSON | 1u << TABLE_CSV | 1u << TABLE_TSV)
#define TENANT_MAX 999999999999999999

struct roles_conf {
	struct ask_conf ask;
	const char *output;
	int64_t tenant;
	bool quiet;
};

static const struct opt opts[] = {
	OPT_RANGE(roles_conf, tenant, "tenant", "NUMBER", 1, TENANT_MAX, "1", "of this tenant"),
	OPT(roles_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table, json, csv or tsv"),
	OPT(roles_conf, quiet, "quiet", 'q', OPT_FLAG, NULL, NULL, "leave out what to do next"),
	ASK_OPTS(roles_conf),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "arn", .title = "ROLE" },
	{ .name = "allowed_at", .title = "ALLOWED" },
	{ .name = "tags", .title = "TAGS", .may_shorten = true },
};

static int add_row(struct table *table, const json_t *role, struct err *err)
{
	AUTO_STRBUF tags = STRBUF_INIT;
	const json_t *tag;
	size_t i;

	json_array_foreach (json_object_get(role, "tags"), i, tag)
		strbuf_addf(&tags, "%s%s", i ? "," : "", json_string_value(tag) ? json_string_value(tag) : "");
	const char *cells[] = { json_text(role, "arn"), json_text(role, "allowed_at"),
				tags.length ? tags.data : NULL };
	return table_add(table, cells, err);
}

static int print_table(const json_t *roles, enum table_format format, struct err *err)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *role;
	size_t i;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	json_array_foreach (roles, i, role) {
		if (add_row(table, role, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct roles_conf *conf = options;
	struct ask question = { .method = "GET" };
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;
	const json_t *roles;
	char number[24];

	if (screen_format(conf->output, FORMATS, &format, err) < 0)
		return err->code;
	strbuf_adds(&target, "/v1/roles");
	snprintf(number, sizeof(number), "%lld", (long long)conf->tenant);
	ask_add(&target, "tenant", number);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(answer, err);
	roles = json_object_get(answer, "roles");
	if (print_table(roles, format, err) < 0)
		return err->code;
	if (!conf->quiet && !json_array_size(roles))
		fprintf(stderr, "no role of AWS is allowed\nNext:  secctl agents allow-role ARN\n");
	return 0;
}

const struct command agents_roles_command = {
	.name = "agents roles",
	.summary = "list the roles of AWS whose holders may enrol without a token",
	.details = "Examples:\n"
		   "  secctl agents roles\n"
		   "  secctl agents roles -o json",
	.opts = opts,
	.conf_size = sizeof(struct roles_conf),
	.run = run,
};
