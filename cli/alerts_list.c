#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/when.h"
#include "json/json.h"
#include "model/entity.h"

#define FORMATS	      (1u << TABLE_TEXT | 1u << TABLE_JSON | 1u << TABLE_JSONL | 1u << TABLE_CSV | 1u << TABLE_TSV)
#define ALERTS_MAX    1000
#define TASK_ID_SHORT 8
#define TASK_ID_FULL  32
#define ID_SHORT      11 /* al_ and 8 digits */

struct alerts_conf {
	struct ask_conf ask;
	const char *since, *until, *rule, *priority, *output;
	int64_t limit;
	bool quiet;
};

static const struct opt opts[] = {
	OPT(alerts_conf, since, "since", 0, OPT_TEXT, "TIME", "24h", "from then on: 15m, 24h, 7d ago, or RFC 3339"),
	OPT(alerts_conf, until, "until", 0, OPT_TEXT, "TIME", NULL, "up to then, in the same forms"),
	OPT(alerts_conf, rule, "rule", 0, OPT_TEXT, "NAME", NULL, "only of this rule, by its whole name"),
	OPT(alerts_conf, priority, "priority", 0, OPT_TEXT, "WORD", NULL,
	    "only as urgent as this or more: Emergency ... Debug"),
	OPT_RANGE(alerts_conf, limit, "limit", "NUMBER", 1, ALERTS_MAX, "100", "at most so many, the newest"),
	OPT(alerts_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table, json, jsonl, csv or tsv"),
	OPT(alerts_conf, quiet, "quiet", 'q', OPT_FLAG, NULL, NULL, "leave out what to do next"),
	ASK_OPTS(alerts_conf),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "time", .title = "TIME" },
	{ .name = "priority", .title = "PRIORITY" },
	{ .name = "rule", .title = "RULE", .may_shorten = true },
	{ .name = "what", .title = "WHAT", .may_shorten = true },
	{ .name = "where", .title = "WHERE", .may_shorten = true },
	{ .name = "id", .title = "ID" },
	{ .name = "response", .title = "RESPONSE" }, /* last: on a screen it is there only if something was done */
};

/* Last part of an ARN; of a task's id the digits that tell tasks apart. */
static void add_arn(struct strbuf *line, const char *arn)
{
	const char *slash = strrchr(arn, '/'), *name = slash ? slash + 1 : arn;
	bool is_task = strlen(name) == TASK_ID_FULL && strspn(name, "0123456789abcdef") == TASK_ID_FULL;

	strbuf_add(line, name, is_task ? TASK_ID_SHORT : strlen(name));
}

static void add_place(struct strbuf *line, const json_t *alert)
{
	const char *task = json_text(alert, "task"), *cluster = json_text(alert, "cluster");
	const char *container = json_text(json_object_get(alert, "container"), "name");
	const char *user = json_text(alert, "user"), *region = json_text(alert, "region");

	if (user && *user)
		strbuf_addf(line, "user %s", user);
	if (task) {
		strbuf_addf(line, "%stask ", line->length ? ", " : "");
		add_arn(line, task);
	}
	if (container)
		strbuf_addf(line, "%s%s", line->length ? " " : "", container);
	if (cluster && !user) {
		strbuf_addf(line, "%sin ", line->length ? " " : "");
		add_arn(line, cluster);
	}
	if (user && region)
		strbuf_addf(line, " %s", region);
}

/* "11-23 12:06:00Z": a screen has few columns; the other formats have the year and all digits. */
static const char *short_time(const char *time, char out[TIME_TEXT_MAX])
{
	char whole[TIME_TEXT_MAX];
	int64_t ns;

	if (!time || time_parse(time, &ns, NULL) < 0)
		return time;
	time_format(ns, 0, whole);
	snprintf(out, TIME_TEXT_MAX, "%.5s %s", whole + 5, whole + 11);
	return out;
}

/* The beginning of an alert's id is a reference, too. */
static const char *short_id(const char *id, char out[ID_SHORT + 1])
{
	if (!id)
		return NULL;
	snprintf(out, ID_SHORT + 1, "%s", id);
	return out;
}

/* Outputs are "what happened | member=value ..."; the rule beside it says what happened. */
static const char *short_output(const json_t *alert)
{
	const char *output = json_text(alert, "output"), *members = output ? strstr(output, " | ") : NULL;

	return members ? members + 3 : output;
}

/* "kill done"; the other formats have the whole of it, with to whom or why not. */
static void add_responses(struct strbuf *line, const json_t *alert, bool is_text)
{
	const json_t *response;
	size_t i;

	json_array_foreach (json_object_get(alert, "responses"), i, response) {
		const char *action = json_text(response, "action"), *outcome = json_text(response, "outcome");
		const char *detail = json_text(response, "detail");

		strbuf_addf(line, "%s%s %s", line->length ? ", " : "", action ? action : "?",
			    outcome ? outcome : "?");
		if (!is_text && detail && *detail)
			strbuf_addf(line, ": %s", detail);
	}
}

static int add_row(struct table *table, const json_t *alert, bool is_text, struct err *err)
{
	char time[TIME_TEXT_MAX], id[ID_SHORT + 1];
	AUTO_STRBUF place = STRBUF_INIT;
	AUTO_STRBUF responses = STRBUF_INIT;
	const char *when = json_text(alert, "time"), *whole = json_text(alert, "id");

	add_place(&place, alert);
	add_responses(&responses, alert, is_text);
	const char *cells[] = { is_text ? short_time(when, time) : when,
				json_text(alert, "priority"),
				json_text(alert, "rule"),
				is_text ? short_output(alert) : json_text(alert, "output"),
				place.length ? place.data : NULL,
				is_text ? short_id(whole, id) : whole,
				responses.length ? responses.data : NULL };
	return table_add(table, cells, err);
}

static int print_lines(const json_t *alerts, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	const json_t *alert;
	size_t i;

	json_array_foreach (alerts, i, alert) {
		if (json_print(alert, JSON_COMPACT, &out, err) < 0)
			return err->code;
	}
	return screen_write(&out, err);
}

static bool has_responses(const json_t *alerts)
{
	const json_t *alert;
	size_t i;

	json_array_foreach (alerts, i, alert) {
		if (json_array_size(json_object_get(alert, "responses")))
			return true;
	}
	return false;
}

static int print_table(const json_t *alerts, enum table_format format, struct err *err)
{
	bool is_whole = format != TABLE_TEXT || has_responses(alerts);
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns) - (is_whole ? 0 : 1));
	const json_t *alert;
	size_t i;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	json_array_foreach (alerts, i, alert) {
		if (add_row(table, alert, format == TABLE_TEXT, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

static void print_hints(const struct alerts_conf *conf, const json_t *answer)
{
	const json_t *alerts = json_object_get(answer, "alerts");

	if (json_is_true(json_object_get(answer, "more")))
		fprintf(stderr, "there are more than %lld: --limit, --until or --rule show others\n",
			(long long)conf->limit);
	if (!json_array_size(alerts))
		fprintf(stderr, "no alerts since %s\nNext:  secctl alerts list --since 7d\n       secctl status\n",
			conf->since);
	else if (json_text(json_array_get(alerts, 0), "id"))
		fprintf(stderr, "Next:  secctl investigate ID\n");
}

static int check(const struct alerts_conf *conf, enum table_format *ret_format, struct err *err)
{
	if (screen_format(conf->output, FORMATS, ret_format, err) < 0)
		return err->code;
	if (conf->priority && priority_find(conf->priority) < 0)
		return err_set(err, ERR_USAGE,
			       "priority is \"%s\", but must be Emergency, Alert, Critical, Error, Warning, Notice, "
			       "Informational or Debug",
			       conf->priority);
	return 0;
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct alerts_conf *conf = options;
	char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX], limit[24];
	struct ask question = { .method = "GET" };
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;
	int code;

	if (check(conf, &format, err) < 0 || when_parse("since", conf->since, since, err) < 0 ||
	    when_parse("until", conf->until, until, err) < 0)
		return err->code;
	snprintf(limit, sizeof(limit), "%lld", (long long)conf->limit);
	strbuf_adds(&target, "/v1/alerts");
	ask_add(&target, "since", since);
	ask_add(&target, "until", conf->until ? until : NULL);
	ask_add(&target, "limit", limit);
	ask_add(&target, "rule", conf->rule);
	ask_add(&target, "priority", conf->priority);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		code = screen_json(answer, err);
	else if (format == TABLE_JSONL)
		code = print_lines(json_object_get(answer, "alerts"), err);
	else
		code = print_table(json_object_get(answer, "alerts"), format, err);
	if (code == 0 && format == TABLE_TEXT && !conf->quiet)
		print_hints(conf, answer);
	return code;
}

const struct command alerts_list_command = {
	.name = "alerts list",
	.summary = "list alerts, newest first",
	.details = "Examples:\n"
		   "  secctl alerts list --since 7d --priority error\n"
		   "  secctl alerts list --rule 'Write below binary dir' -o json\n"
		   "  secctl alerts list -o jsonl | jq -r .id",
	.opts = opts,
	.conf_size = sizeof(struct alerts_conf),
	.run = run,
};
