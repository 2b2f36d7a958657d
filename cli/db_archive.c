#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/days.h"
#include "cli/screen.h"
#include "json/json.h"

#define ARCHIVE_TIMEOUT_NS (24 * 3600 * NS_PER_S)

struct archive_conf {
	struct ask_conf ask;
	const char *output, *older_than, *from, *until, *source, *tenant;
	bool drop;
};

static const struct opt opts[] = {
	OPT(archive_conf, older_than, "older-than", 0, OPT_TEXT, "DAYS", NULL,
	    "days that ended before so many days, such as 90d"),
	OPT(archive_conf, from, "from", 0, OPT_TEXT, "DAY", NULL, "first day, such as 2026-11-01 (UTC)"),
	OPT(archive_conf, until, "until", 0, OPT_TEXT, "DAY", NULL, "last day"),
	OPT(archive_conf, source, "source", 0, OPT_TEXT, "SOURCE", NULL, "only events of agent, cloudtrail or scan"),
	OPT(archive_conf, drop, "drop", 0, OPT_FLAG, NULL, NULL,
	    "drop from the database what is in the archive and was read back"),
	OPT(archive_conf, tenant, "tenant", 0, OPT_TEXT, "NUMBER", NULL, "whose events (default 1)"),
	OPT(archive_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(archive_conf),
	OPT_END,
};

static const struct table_column list_columns[] = {
	{ .name = "day", .title = "DAY" },
	{ .name = "source", .title = "SOURCE" },
	{ .name = "events", .title = "EVENTS" },
	{ .name = "archived_at", .title = "ARCHIVED" },
	{ .name = "database", .title = "IN THE DATABASE" },
};

static const struct table_column done_columns[] = {
	{ .name = "day", .title = "DAY" },
	{ .name = "source", .title = "SOURCE" },
	{ .name = "events", .title = "EVENTS" },
	{ .name = "bytes", .title = "BYTES WRITTEN" },
	{ .name = "database", .title = "IN THE DATABASE" },
};

static int add_listed(struct table *table, const json_t *row, struct err *err)
{
	const char *kept = json_text(row, "kept_until");
	char events[SCREEN_NUMBER_MAX], where[TIME_TEXT_MAX + 16];
	const char *cells[] = { json_text(row, "day"), json_text(row, "source"), screen_number(row, "events", events),
				json_text(row, "archived_at"), where };

	if (kept)
		snprintf(where, sizeof(where), "restored, until %.10s", kept);
	else
		snprintf(where, sizeof(where), "%s", json_text(row, "dropped_at") ? "no" : "yes");
	return table_add(table, cells, err);
}

static int add_done(struct table *table, const json_t *row, struct err *err)
{
	char events[SCREEN_NUMBER_MAX], bytes[SCREEN_NUMBER_MAX];
	bool is_new = json_integer_value(json_object_get(row, "bytes")) > 0;
	const char *cells[] = { json_text(row, "day"), json_text(row, "source"), screen_number(row, "events", events),
				is_new ? screen_number(row, "bytes", bytes) : "none, they were there",
				json_is_true(json_object_get(row, "dropped")) ? "no" : "yes" };

	return table_add(table, cells, err);
}

static int print(const json_t *answer, bool is_list, enum table_format format, struct err *err)
{
	AUTO_TABLE table = is_list ? table_new(list_columns, ARRAY_SIZE(list_columns))
				   : table_new(done_columns, ARRAY_SIZE(done_columns));
	const json_t *row;
	size_t i;

	if (format == TABLE_JSON)
		return screen_json(answer, err);
	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	json_array_foreach (json_object_get(answer, "days"), i, row) {
		if ((is_list ? add_listed(table, row, err) : add_done(table, row, err)) < 0)
			return err->code;
	}
	if (!json_array_size(json_object_get(answer, "days")))
		fprintf(stderr, is_list ? "nothing is archived yet\n" : "there is nothing of these days\n");
	return screen_table(table, format, err);
}

/* What of the span the command line gives; from may stay empty. */
static int read_span(const struct archive_conf *conf, char from[TIME_TEXT_MAX], char until[TIME_TEXT_MAX],
		     struct err *err)
{
	from[0] = '\0';
	if (conf->older_than && (conf->from || conf->until))
		return err_set(err, ERR_USAGE, "--older-than stands instead of --from and --until");
	if (conf->older_than)
		return day_ago("--older-than", conf->older_than, until, err);
	if (!conf->from || !conf->until)
		return err_set(err, ERR_USAGE, "--older-than, or --from and --until, say which days");
	return day_parse("--from", conf->from, 0, from, err) < 0 ? err->code
								 : day_parse("--until", conf->until, 1, until, err);
}

static bool is_question(const struct archive_conf *conf)
{
	return !conf->older_than && !conf->from && !conf->until && !conf->source && !conf->drop;
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct archive_conf *conf = options;
	struct ask question = { .method = is_question(conf) ? "GET" : "POST", .timeout_ns = ARCHIVE_TIMEOUT_NS };
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0)
		return err->code;
	strbuf_adds(&target, is_question(conf) ? "/v1/archive" : "/v1/admin/archive");
	if (!is_question(conf)) {
		if (read_span(conf, from, until, err) < 0)
			return err->code;
		ask_add(&target, "from", from[0] ? from : NULL);
		ask_add(&target, "until", until);
		ask_add(&target, "source", conf->source);
		ask_add(&target, "drop", conf->drop ? "1" : NULL);
	}
	ask_add(&target, "tenant", conf->tenant);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	return print(answer, is_question(conf), format, err);
}

const struct command db_archive_command = {
	.name = "db archive",
	.summary = "write days of events to files, and drop them from the database once the files were read back",
	.details =
		"Examples:\n"
		"  secctl db archive                                  which days are archived\n"
		"  secctl db archive --older-than 90d --drop\n"
		"  secctl db archive --from 2026-08-01 --until 2026-08-31 --source cloudtrail\n"
		"\n"
		"The files are in the folder archive of the state folder, or where seccollector --archive says. A "
		"full "
		"or failing\n"
		"disk ends the command with exit code 1: days that were done stay done, and nothing else is dropped.",
	.opts = opts,
	.conf_size = sizeof(struct archive_conf),
	.run = run,
};
