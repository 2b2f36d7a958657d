#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"

struct retention_conf {
	struct ask_conf ask;
	const char *output;
	bool archive;
};

static const struct opt opts[] = {
	OPT(retention_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	OPT(retention_conf, archive, "archive", 0, OPT_FLAG, NULL, NULL,
	    "write what is older to the archive before it ends (secctl db archive)"),
	ASK_OPTS(retention_conf),
	OPT_END,
};

static const struct table_column columns[] = {
	{ .name = "source", .title = "SOURCE" },
	{ .name = "kept", .title = "KEPT" },
};

static int print(const json_t *answer, enum table_format format, struct err *err)
{
	static const char *const sources[] = { "agent", "cloudtrail", "scan" };
	AUTO_TABLE table = table_new(columns, ARRAY_SIZE(columns));
	const json_t *rows = json_object_get(answer, "retention"), *row;
	size_t at;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		char kept[48] = "for ever";
		const char *cells[] = { sources[i], kept };

		json_array_foreach (rows, at, row) {
			const char *source = json_text(row, "source");

			if (source && strcmp(source, sources[i]) == 0)
				snprintf(kept, sizeof(kept), "%lld days%s",
					 (long long)json_integer_value(json_object_get(row, "days")),
					 json_is_true(json_object_get(row, "archive")) ? ", then archived" : "");
		}
		if (table_add(table, cells, err) < 0)
			return err->code;
	}
	return screen_table(table, format, err);
}

static int read_days(const char *text, int64_t *ret, struct err *err)
{
	char *end;

	errno = 0;
	*ret = strcmp(text, "forever") == 0 ? 0 : strtoll(text, &end, 10);
	if (strcmp(text, "forever") != 0 && (errno || end == text || *end || *ret < 1 || *ret > 36500))
		return err_set(err, ERR_USAGE, "days are \"%s\", but must be a number from 1 to 36500, or forever",
			       text);
	return 0;
}

static int run(const void *options, int argc, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct retention_conf *conf = options;
	struct ask question = { .method = "GET", .target = "/v1/retention" };
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;
	int64_t days;

	if (conf->archive && argc < 2)
		return err_set(err, ERR_USAGE, "--archive needs SOURCE and DAYS");
	if (argc == 1)
		return err_set(err, ERR_USAGE, "DAYS is missing: a number, or forever");
	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    (argc == 2 && read_days(argv[1], &days, err) < 0))
		return err->code;
	if (argc == 2) {
		char text[32];

		snprintf(text, sizeof(text), "%lld", (long long)days);
		strbuf_adds(&target, "/v1/admin/retention");
		ask_add(&target, "source", argv[0]);
		ask_add(&target, "days", text);
		ask_add(&target, "archive", conf->archive ? "1" : "0");
		question = (struct ask){ .method = "POST", .target = target.data };
	}
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	return print(answer, format, err);
}

const struct command db_retention_command = {
	.name = "db retention",
	.arguments = "[SOURCE DAYS]",
	.summary = "tell or set how long events are kept",
	.details = "Examples:\n"
		   "  secctl db retention\n"
		   "  secctl db retention agent 30\n"
		   "  secctl db retention cloudtrail 400 --archive\n"
		   "  secctl db retention scan forever\n"
		   "\n"
		   "SOURCE is agent, cloudtrail or scan. What is older ends within ten minutes, with the alerts and "
		   "links that\n"
		   "came of it alone; nothing brings it back, but for --archive: then secctl db restore does. A day "
		   "of which "
		   "no source\n"
		   "keeps anything is dropped at once.",
	.opts = opts,
	.conf_size = sizeof(struct retention_conf),
	.args_max = 2,
	.run = run,
};
