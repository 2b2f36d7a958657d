#include <inttypes.h>
#include <stdio.h>

#include "base/time.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"
#include "text/escape.h"

#define CLOCK_AWAY_MS  1000
#define CLOCK_TEXT_MAX (TIME_TEXT_MAX + 8)

struct status_conf {
	struct ask_conf ask;
	const char *output;
	bool quiet;
};

static const struct opt opts[] = {
	OPT(status_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	OPT(status_conf, quiet, "quiet", 'q', OPT_FLAG, NULL, NULL, "leave out what to do next"),
	ASK_OPTS(status_conf),
	OPT_END,
};

static const struct table_column source_columns[] = {
	{ .name = "source", .title = "SOURCE" },
	{ .name = "heard_until", .title = "HEARD UNTIL" },
	{ .name = "lag", .title = "LAG" },
};

static const struct table_column stream_columns[] = {
	{ .name = "sender", .title = "SENDER" },       { .name = "mode", .title = "MODE" },
	{ .name = "hostname", .title = "HOST" },       { .name = "version", .title = "VERSION" },
	{ .name = "last_seen", .title = "LAST SEEN" }, { .name = "ago", .title = "AGO" },
	{ .name = "clock", .title = "CLOCK" },
};

static const struct table_column gap_columns[] = {
	{ .name = "source", .title = "BLIND SOURCE" },
	{ .name = "from", .title = "FROM" },
	{ .name = "until", .title = "UNTIL" },
	{ .name = "reason", .title = "REASON" },
};

/* How long ago a time is; "-" for what is no time. */
static const char *time_since(const char *time, int64_t now, char out[TIME_TEXT_MAX])
{
	int64_t ns;

	if (!time || time_parse(time, &ns, NULL) < 0)
		return NULL;
	return duration_format(now > ns ? now - ns - (now - ns) % NS_PER_S : 0, out);
}

static const char *to_seconds(const char *time, char out[TIME_TEXT_MAX])
{
	int64_t ns;

	return time && time_parse(time, &ns, NULL) == 0 ? time_format(ns, 0, out) : time;
}

static int add_source(struct table *table, const json_t *row, int64_t now, struct err *err)
{
	char lag[TIME_TEXT_MAX], heard[TIME_TEXT_MAX];
	const char *watermark = json_text(row, "watermark");
	const char *cells[] = { json_text(row, "source"), to_seconds(watermark, heard),
				time_since(watermark, now, lag) };

	return table_add(table, cells, err);
}

/* What the sender's clock says beside the collector's; NULL where it is not known. A round trip is not told as a difference. */
static const char *clock_of(const json_t *row, char out[CLOCK_TEXT_MAX])
{
	const json_t *offset = json_object_get(row, "clock_offset_ms");
	int64_t ms = json_integer_value(offset), away_ms = ms < 0 ? -ms : ms;
	char text[TIME_TEXT_MAX];

	if (!json_is_integer(offset))
		return NULL;
	if (away_ms < CLOCK_AWAY_MS || away_ms > INT64_MAX / NS_PER_MS)
		return "right";
	snprintf(out, CLOCK_TEXT_MAX, "%s %s", duration_format(away_ms / 1000 * NS_PER_S, text),
		 ms > 0 ? "behind" : "ahead");
	return out;
}

static int add_stream(struct table *table, const json_t *row, int64_t now, struct err *err)
{
	char ago[TIME_TEXT_MAX], seen[TIME_TEXT_MAX], clock[CLOCK_TEXT_MAX];
	const char *last = json_text(row, "last_seen");
	const char *cells[] = { json_text(row, "agent"),   json_text(row, "mode"), json_text(row, "hostname"),
				json_text(row, "version"), to_seconds(last, seen), time_since(last, now, ago),
				clock_of(row, clock) };

	return table_add(table, cells, err);
}

static int add_gap(struct table *table, const json_t *row, int64_t now UNUSED, struct err *err)
{
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
	const char *end = json_text(row, "until");
	const char *cells[] = { json_text(row, "source"), to_seconds(json_text(row, "from"), from),
				end ? to_seconds(end, until) : "now", json_text(row, "reason") };

	return table_add(table, cells, err);
}

static const struct part {
	const char *name, *none;
	const struct table_column *columns;
	size_t column_count;
	int (*add)(struct table *table, const json_t *row, int64_t now, struct err *err);
} parts[] = {
	{ "sources", "no source was heard yet", source_columns, ARRAY_SIZE(source_columns), add_source },
	{ "streams", "nobody has sent anything yet", stream_columns, ARRAY_SIZE(stream_columns), add_stream },
	{ "gaps", NULL, gap_columns, ARRAY_SIZE(gap_columns), add_gap },
};

static int print_part(const struct part *part, const json_t *status, int64_t now, struct strbuf *out, struct err *err)
{
	const json_t *rows = json_object_get(status, part->name), *row;
	struct table_style style = { .width = screen_width() };
	AUTO_TABLE table = table_new(part->columns, part->column_count);
	size_t i;

	if (!table)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (!json_array_size(rows)) {
		if (part->none)
			strbuf_addf(out, "\n%s\n", part->none);
		return 0;
	}
	json_array_foreach (rows, i, row) {
		if (part->add(table, row, now, err) < 0)
			return err->code;
	}
	strbuf_addc(out, '\n');
	return table_print(table, TABLE_TEXT, &style, out, err);
}

static void print_counts(const json_t *status, struct strbuf *out)
{
	static const struct {
		const char *name, *text;
	} rows[] = {
		{ "events", "events" },
		{ "alerts", "alerts" },
		{ "entities", "entities" },
		{ "assertions", "assertions" },
		{ "batches", "batches taken" },
		{ "dead_letters", "batches rejected" },
		{ "declared_drops", "events lost at their source" },
	};
	const json_t *counts = json_object_get(status, "counts");
	const char *about = json_is_true(json_object_get(counts, "estimated")) ? "about " : "";

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		const json_t *count = json_object_get(counts, rows[i].name);

		if (json_is_integer(count))
			strbuf_addf(out, "%s%s%" PRId64 " %s", i ? ", " : "  ", i < 4 ? about : "",
				    (int64_t)json_integer_value(count), rows[i].text);
	}
	strbuf_addc(out, '\n');
}

static void print_days(const json_t *status, struct strbuf *out)
{
	const json_t *days = json_object_get(status, "days");
	int64_t without = json_integer_value(json_object_get(days, "events_without"));

	if (without > 0)
		strbuf_addf(out,
			    "  about %" PRId64
			    " events have times that no day is made for: a clock was wrong, or they are "
			    "very old\n",
			    without);
}

static void print_head(const json_t *status, int64_t now, struct strbuf *out)
{
	const json_t *database = json_object_get(status, "database");
	char uptime[TIME_TEXT_MAX];
	const char *up = time_since(json_text(status, "started_at"), now, uptime);

	strbuf_adds(out, "collector ");
	escape_adds(out, json_text(status, "version"));
	strbuf_addf(out, ", up %s", up ? up : "?");
	strbuf_addf(out, ", database %s",
		    json_is_false(json_object_get(database, "connected")) ? "AWAY" : "connected");
	if (json_text(database, "kind")) {
		strbuf_adds(out, " (");
		escape_adds(out, json_text(database, "kind"));
		strbuf_adds(out, ", schema ");
		escape_adds(out, json_text(database, "schema"));
		strbuf_addc(out, ')');
	}
	strbuf_addc(out, '\n');
	print_counts(status, out);
	print_days(status, out);
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct status_conf *conf = options;
	const struct ask question = { .method = "GET", .target = "/v1/status" };
	int64_t now = time_now_ns();
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_JSON status = NULL;
	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    ask_json(&conf->ask, &question, &status, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(status, err);
	print_head(status, now, &out);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		if (print_part(&parts[i], status, now, &out, err) < 0)
			return err->code;
	}
	if (screen_write(&out, err) < 0)
		return err->code;
	if (!conf->quiet)
		fprintf(stderr, "Next:  secctl alerts list --since 24h\n       secctl doctor\n");
	return 0;
}

const struct command status_command = {
	.name = "status",
	.summary = "tell whether the collector works, who sends, and up to when each source was heard",
	.details = "Examples:\n"
		   "  secctl status\n"
		   "  secctl status -o json | jq .sources",
	.opts = opts,
	.conf_size = sizeof(struct status_conf),
	.run = run,
};
