#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/time.h"
#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"
#include "report/report.h"
#include "table/table.h"
#include "text/escape.h"

#define INVESTIGATE_TIMEOUT_NS (5 * 60 * NS_PER_S)

struct investigate_conf {
	struct ask_conf ask;
	const char *window, *min_confidence, *around, *from, *output;
	bool ascii, quiet, all;
};

/* Durations and the confidence stay text: the collector reads them; here they are only checked. */
static const struct opt opts[] = {
	OPT(investigate_conf, window, "window", 0, OPT_TEXT, "TIME", NULL,
	    "how much time to look at, around what is asked for: 15m, 24h, 7d (default 24h)"),
	OPT(investigate_conf, around, "around", 0, OPT_TEXT, "TIME", NULL,
	    "middle of that time, RFC 3339; else the time of what is asked for"),
	OPT(investigate_conf, min_confidence, "min-confidence", 0, OPT_TEXT, "0..1", NULL,
	    "show links from this confidence up (default 0.3); weaker ones are counted"),
	OPT(investigate_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	OPT(investigate_conf, ascii, "ascii", 0, OPT_FLAG, NULL, NULL, "draw with ASCII characters only"),
	OPT(investigate_conf, all, "all", 'a', OPT_FLAG, NULL, NULL,
	    "show all links, entities and facts, not only those that carry the story"),
	OPT(investigate_conf, quiet, "quiet", 'q', OPT_FLAG, NULL, NULL, "leave out what to do next"),
	OPT(investigate_conf, from, "from", 0, OPT_TEXT, "FILE", NULL,
	    "render a document saved with -o json instead of asking; - is standard input"),
	ASK_OPTS(investigate_conf),
	OPT_END,
};

static int check(const struct investigate_conf *conf, struct err *err)
{
	int64_t ns;
	char *end;
	double confidence;

	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0)
		return err->code;
	if (conf->window && duration_parse(conf->window, &ns, err) < 0) {
		err_wrap(err, "window");
		return err->code = ERR_USAGE;
	}
	if (conf->around && time_parse(conf->around, &ns, err) < 0) {
		err_wrap(err, "around");
		return err->code = ERR_USAGE;
	}
	if (!conf->min_confidence)
		return 0;
	confidence = strtod(conf->min_confidence, &end);
	if (end == conf->min_confidence || *end || !(confidence >= 0 && confidence <= 1))
		return err_set(err, ERR_USAGE, "min-confidence is \"%s\", but must be a number from 0 to 1",
			       conf->min_confidence);
	return 0;
}

static int read_saved(const char *path, json_t **ret, struct err *err)
{
	AUTO_STRBUF text = STRBUF_INIT;

	if (strcmp(path, "-") == 0)
		path = "/dev/stdin";
	if (file_read(path, JSON_TEXT_MAX, &text, err) < 0)
		return err->code;
	return json_parse(path, text.data, text.length, ret, err);
}

/* The reference means several things: they are shown, and one of them can be typed. */
static int print_candidates(const char *reference, const json_t *answer, struct err *err)
{
	const json_t *candidates = json_object_get(answer, "candidates"), *candidate;
	AUTO_STRBUF list = STRBUF_INIT;
	AUTO_STRBUF safe = STRBUF_INIT;
	size_t i;

	json_array_foreach (candidates, i, candidate) {
		strbuf_adds(&list, "  ");
		escape_adds(&list, json_text(candidate, "reference"));
		if (json_text(candidate, "key")) {
			strbuf_adds(&list, "  ");
			escape_adds(&list, json_text(candidate, "key"));
		}
		strbuf_addc(&list, '\n');
	}
	escape_adds(&safe, reference);
	fprintf(stderr, "secctl: \"%s\" means several things; name one of them:\n%s", safe.data, list.data);
	err->message[0] = '\0';
	return err->code = ERR_USAGE;
}

static int ask(const struct investigate_conf *conf, const char *reference, json_t **ret, struct err *err)
{
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_STRBUF safe = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	struct ask question = { .method = "GET", .timeout_ns = INVESTIGATE_TIMEOUT_NS };
	int code;

	strbuf_adds(&target, "/v1/investigate");
	ask_add(&target, "ref", reference);
	ask_add(&target, "window", conf->window);
	ask_add(&target, "around", conf->around);
	ask_add(&target, "min_confidence", conf->min_confidence);
	question.target = target.data;
	code = ask_json(&conf->ask, &question, &answer, err);
	if (code < 0 && json_array_size(json_object_get(answer, "candidates")) > 0)
		return print_candidates(reference, answer, err);
	if (code == ERR_NOT_FOUND) {
		escape_adds(&safe, reference);
		err_set(err, ERR_NOT_FOUND, "nothing is known as \"%s\"", safe.data);
		err_hint(err, "secctl alerts list --since 7d");
		return ERR_NOT_FOUND;
	}
	*ret = TAKE(answer);
	return code;
}

static int print(const struct investigate_conf *conf, const json_t *document, struct err *err)
{
	struct report_style style = { .width = screen_width(),
				      .ascii = conf->ascii,
				      .colour = screen_colour(),
				      .quiet = conf->quiet,
				      .is_all = conf->all };
	AUTO_STRBUF out = STRBUF_INIT;

	if (strcmp(conf->output, "json") == 0)
		return screen_json(document, err);
	if (report_investigation(document, &style, &out, err) < 0)
		return err->code;
	return screen_write(&out, err);
}

static int run(const void *options, int argc, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct investigate_conf *conf = options;
	AUTO_JSON document = NULL;
	int code;

	if (check(conf, err) < 0)
		return err->code;
	if (!conf->from && argc == 0)
		return err_set(err, ERR_USAGE,
			       "missing what to investigate: an alert, user/NAME, a task, a cluster ...");
	code = conf->from ? read_saved(conf->from, &document, err) : ask(conf, argv[0], &document, err);
	return code < 0 ? code : print(conf, document, err);
}

const struct command investigate_command = {
	.name = "investigate",
	.arguments = "REF",
	.summary = "show everything that belongs to an alert, user, task, cluster, image ... and how sure that is",
	.details =
		"Examples:\n"
		"  secctl investigate al_9d2c0f31\n"
		"  secctl investigate user/badlugo --window 7d\n"
		"  secctl investigate al_9d2c0f31 -o json > case.json; secctl investigate --from case.json\n"
		"\n"
		"REF is what you have at hand: al_..., an ARN, a task id or 8 digits of it, sha256:..., AKIA..., the "
		"id\n"
		"of an event, an IP address, the name of a cluster, or KIND/NAME such as user/badlugo or trail/main.",
	.opts = opts,
	.conf_size = sizeof(struct investigate_conf),
	.args_min = 0,
	.args_max = 1,
	.run = run,
};
