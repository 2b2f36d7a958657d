#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "http/http.h"
#include "json/json.h"

struct events_conf {
	struct ask_conf ask;
};

static const struct opt opts[] = { ASK_OPTS(events_conf), OPT_END };

static int run(const void *options, int argc UNUSED, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct events_conf *conf = options;
	struct ask question = { .method = "GET" };
	AUTO_STRBUF target = STRBUF_INIT;
	AUTO_JSON answer = NULL;

	strbuf_adds(&target, "/v1/events/");
	http_escape(&target, argv[0]);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	return screen_json(answer, err);
}

const struct command events_get_command = {
	.name = "events get",
	.arguments = "ID",
	.summary = "print one event with all it holds: the evidence behind alerts and links",
	.details = "Examples:\n"
		   "  secctl events get 019ab103-3333-8aaa-9bbb-000000000006\n"
		   "  secctl events get 019ab103-3333-8aaa-9bbb-000000000006 | jq .cloud.record\n"
		   "\n"
		   "secctl investigate lists the ids under EVIDENCE.",
	.opts = opts,
	.conf_size = sizeof(struct events_conf),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
