#include <stdio.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"

#define FORMATS	   (1u << TABLE_TEXT | 1u << TABLE_JSON | 1u << TABLE_CSV | 1u << TABLE_TSV)
#define AGENTS_MAX 1000
#define TENANT_MAX 999999999999999999

struct agents_conf {
	struct ask_conf ask;
	const char *output;
	int64_t limit, tenant;
	bool quiet;
};

static const struct opt opts[] = {
	OPT_RANGE(agents_conf, limit, "limit", "NUMBER", 1, AGENTS_MAX, "100", "at most so many, the newest"),
	OPT_RANGE(agents_conf, tenant, "tenant", "NUMBER", 1, TENANT_MAX, "1", "of this tenant"),
	OPT(agents_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table, json, csv or tsv"),
	OPT(agents_conf, quiet, "quiet", 'q', OPT_FLAG, NULL, NULL, "leave out what to do next"),
	ASK_OPTS(agents_conf),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "id", .title = "ID" },
	{ .name = "name", .title = "NAME", .may_shorten = true },
	{ .name = "state", .title = "STATE" },
	{ .name = "last_seen", .title = "LAST SEEN" },
	{ .name = "expires_at", .title = "EXPIRES" },
	{ .name = "enrolled_by", .title = "ENROLLED BY", .may_shorten = true },
	{ .name = "tags", .title = "TAGS", .may_shorten = true },
};

static int add_row(struct table *table, const json_t *agent, struct err *err)
{
	AUTO_STRBUF tags = STRBUF_INIT;
	const json_t *tag;
	size_t i;

	json_array_foreach (json_object_get(agent, "tags"), i, tag)
		strbuf_addf(&tags, "%s%s", i ? "," : "", json_string_value(tag) ? json_string_value(tag) : "");
	const char *cells[] = { json_text(agent, "id"),		json_text(agent, "name"),
				json_text(agent, "state"),	json_text(agent, "last_seen"),
				json_text(agent, "expires_at"), json_text(agent, "enrolled_by"),
				tags.length ? tags.data : NULL };
	return table_add(table, cells, err);
}

static int print_table(const json_t *agents, enum table_format format, struct err *err)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *agent;
	size_t i;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	json_array_foreach (agents, i, agent) {
		if (add_row(table, agent, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

static int run(const void *options, int argc UNUSED, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct agents_conf *conf = options;
	struct ask question = { .method = "GET" };
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;
	char number[24];

	if (screen_format(conf->output, FORMATS, &format, err) < 0)
		return err->code;
	strbuf_adds(&target, "/v1/agents");
	snprintf(number, sizeof(number), "%lld", (long long)conf->limit);
	ask_add(&target, "limit", number);
	snprintf(number, sizeof(number), "%lld", (long long)conf->tenant);
	ask_add(&target, "tenant", number);
	ask_add(&target, "agent", argv[0]);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(answer, err);
	if (print_table(json_object_get(answer, "agents"), format, err) < 0)
		return err->code;
	if (!conf->quiet && json_is_true(json_object_get(answer, "more")))
		fprintf(stderr, "there are more than %lld: --limit or a name shows others\n", (long long)conf->limit);
	if (!conf->quiet && !json_array_size(json_object_get(answer, "agents")))
		fprintf(stderr, "no agent has enrolled\nNext:  secctl agents enrol\n");
	return 0;
}

const struct command agents_list_command = {
	.name = "agents list",
	.arguments = "[ID|NAME]",
	.summary = "list who may send: agents with their certificates, and when they were last heard",
	.details = "Examples:\n"
		   "  secctl agents list\n"
		   "  secctl agents list web-1 -o json\n"
		   "\n"
		   "Senders on the collector's own machine need no certificate and are not listed; secctl status "
		   "shows all "
		   "streams.",
	.opts = opts,
	.conf_size = sizeof(struct agents_conf),
	.args_max = 1,
	.run = run,
};
