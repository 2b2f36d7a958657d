#include <stdio.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/days.h"
#include "cli/screen.h"
#include "json/json.h"

#define RESTORE_TIMEOUT_NS (24 * 3600 * NS_PER_S)

struct restore_conf {
	struct ask_conf ask;
	const char *output, *source, *keep, *tenant;
};

static const struct opt opts[] = {
	OPT(restore_conf, source, "source", 0, OPT_TEXT, "SOURCE", NULL, "only events of agent, cloudtrail or scan"),
	OPT(restore_conf, keep, "keep", 0, OPT_TEXT, "TIME", "7d", "retention spares them for so long"),
	OPT(restore_conf, tenant, "tenant", 0, OPT_TEXT, "NUMBER", NULL, "whose events (default 1)"),
	OPT(restore_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(restore_conf),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "day", .title = "DAY" },
	{ .name = "source", .title = "SOURCE" },
	{ .name = "events", .title = "EVENTS" },
	{ .name = "restored", .title = "OF THEM MISSING BEFORE" },
};

static int print(const json_t *answer, enum table_format format, struct err *err)
{
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *row;
	size_t i;

	if (format == TABLE_JSON)
		return screen_json(answer, err);
	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	json_array_foreach (json_object_get(answer, "days"), i, row) {
		char events[SCREEN_NUMBER_MAX], restored[SCREEN_NUMBER_MAX];
		const char *cells[] = { json_text(row, "day"), json_text(row, "source"),
					screen_number(row, "events", events),
					screen_number(row, "restored", restored) };

		if (table_add(table, cells, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

static int run(const void *options, int argc, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct restore_conf *conf = options;
	struct ask question = { .method = "POST", .timeout_ns = RESTORE_TIMEOUT_NS };
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (argc < 1)
		return err_set(err, ERR_USAGE, "DAY is missing, such as 2026-11-01");
	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    day_parse("DAY", argv[0], 0, from, err) < 0 || day_parse("LAST-DAY", argv[argc - 1], 1, until, err) < 0)
		return err->code;
	strbuf_adds(&target, "/v1/admin/restore");
	ask_add(&target, "from", from);
	ask_add(&target, "until", until);
	ask_add(&target, "source", conf->source);
	ask_add(&target, "keep", conf->keep);
	ask_add(&target, "tenant", conf->tenant);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	return print(answer, format, err);
}

const struct command db_restore_command = {
	.name = "db restore",
	.arguments = "DAY [LAST-DAY]",
	.summary = "bring archived days of events back, with everything derived from them",
	.details = "Examples:\n"
		   "  secctl db restore 2026-08-01\n"
		   "  secctl db restore 2026-08-01 2026-08-31 --source cloudtrail --keep 30d\n"
		   "\n"
		   "Every file is checked before anything changes; a day is restored whole or not at all, and "
		   "restoring it "
		   "again adds\n"
		   "nothing. Exits with 5 when the archive has nothing of these days.",
	.opts = opts,
	.conf_size = sizeof(struct restore_conf),
	.args_max = 2,
	.run = run,
};
