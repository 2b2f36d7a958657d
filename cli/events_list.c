#include <stdio.h>
#include <string.h>

#include "base/time.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "cli/when.h"
#include "json/json.h"

#define FORMATS	   (1u << TABLE_TEXT | 1u << TABLE_JSON | 1u << TABLE_JSONL | 1u << TABLE_CSV | 1u << TABLE_TSV)
#define EVENTS_MAX 1000

struct events_conf {
	struct ask_conf ask;
	const char *since, *until, *before, *output;
	int64_t limit;
	bool is_oldest_first;
};

static const struct opt opts[] = {
	OPT(events_conf, since, "since", 0, OPT_TEXT, "TIME", "90d", "from then on: 15m, 24h, 7d ago, or RFC 3339"),
	OPT(events_conf, until, "until", 0, OPT_TEXT, "TIME", NULL, "up to then, in the same forms"),
	OPT(events_conf, before, "before", 0, OPT_TEXT, "ID", NULL,
	    "go on behind the event with this id, whose time is --until"),
	OPT(events_conf, is_oldest_first, "oldest-first", 0, OPT_FLAG, NULL, NULL, "begin with the oldest"),
	OPT_RANGE(events_conf, limit, "limit", "NUMBER", 1, EVENTS_MAX, "100", "at most so many"),
	OPT(events_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table, json, jsonl, csv or tsv"),
	ASK_OPTS(events_conf),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "time", .title = "TIME" }, { .name = "kind", .title = "KIND" },
	{ .name = "type", .title = "TYPE" }, { .name = "what", .title = "WHAT", .may_shorten = true },
	{ .name = "event", .title = "ID" },
};

/* What it was done to, or by what: one line of what the event holds. */
static const char *what_of(const json_t *event)
{
	const json_t *record = json_at(event, "cloud", "record", NULL);
	const char *path = json_text(json_object_get(event, "file"), "path");
	const char *source = json_text(record, "eventSource");
	const char *exe = json_text(json_object_get(event, "process"), "exe");

	return path ? path : source ? source : exe;
}

static int print_lines(const json_t *events, struct err *err)
{
	AUTO_STRBUF out = STRBUF_INIT;
	const json_t *event;
	size_t i;

	json_array_foreach (events, i, event) {
		if (json_print(event, JSON_COMPACT, &out, err) < 0)
			return err->code;
	}
	return screen_write(&out, err);
}

static int print_table(const json_t *events, enum table_format format, struct err *err)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *event;
	size_t i;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	json_array_foreach (events, i, event) {
		const char *cells[] = { json_text(event, "time"), json_text(event, "kind"), json_text(event, "type"),
					what_of(event), json_text(event, "event") };

		if (table_add(table, cells, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

/* The last one shown is where the next page begins; no page is ever counted through from the beginning. */
static void print_hints(const struct events_conf *conf, const json_t *answer)
{
	const json_t *events = json_object_get(answer, "events");
	const json_t *last = json_array_get(events, json_array_size(events) - 1);

	if (!json_array_size(events))
		fprintf(stderr, "no events since %s\n", conf->since);
	else if (json_is_true(json_object_get(answer, "more")) && !conf->is_oldest_first)
		fprintf(stderr, "there are more: --until %s --before %s\n", json_text(last, "time"),
			json_text(last, "event"));
}

static int run(const void *options, int argc UNUSED, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct events_conf *conf = options;
	char since[TIME_TEXT_MAX], until[TIME_TEXT_MAX], limit[24];
	struct ask question = { .method = "GET" };
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (screen_format(conf->output, FORMATS, &format, err) < 0 ||
	    when_parse("since", conf->since, since, err) < 0 || when_parse("until", conf->until, until, err) < 0)
		return err->code;
	snprintf(limit, sizeof(limit), "%lld", (long long)conf->limit);
	strbuf_adds(&target, "/v1/events");
	ask_add(&target, "ref", argv[0]);
	ask_add(&target, "since", since);
	ask_add(&target, "until", conf->until ? until : NULL);
	ask_add(&target, "before", conf->before);
	ask_add(&target, "order", conf->is_oldest_first ? "oldest" : NULL);
	ask_add(&target, "limit", limit);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(answer, err);
	if (format == TABLE_JSONL)
		return print_lines(json_object_get(answer, "events"), err);
	if (print_table(json_object_get(answer, "events"), format, err) < 0)
		return err->code;
	print_hints(conf, answer);
	return 0;
}

const struct command events_list_command = {
	.name = "events list",
	.arguments = "REFERENCE",
	.summary = "list what somebody did, or what happened in a task, the newest first",
	.details = "Examples:\n"
		   "  secctl events list user/badlugo --since 90d --limit 500\n"
		   "  secctl events list 1dddc34c --oldest-first\n"
		   "  secctl events list user/badlugo -o jsonl | jq .type\n"
		   "\n"
		   "REFERENCE is what secctl investigate takes. A task or a host is where something happened; "
		   "everybody else "
		   "is who did\n"
		   "it. Exits with 2 when it means several things, with 5 when nothing is known of it.",
	.opts = opts,
	.conf_size = sizeof(struct events_conf),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
