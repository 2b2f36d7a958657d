#include <stdio.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"

#define USES_MAX   100000
#define TENANT_MAX 999999999999999999

struct enrol_conf {
	struct ask_conf ask;
	const char *ttl, *output;
	struct opt_list tags;
	int64_t uses, tenant;
	bool quiet;
};

static const struct opt opts[] = {
	OPT(enrol_conf, ttl, "ttl", 0, OPT_TEXT, "TIME", "1h", "how long the token can be used, at most 30d"),
	OPT_RANGE(enrol_conf, uses, "uses", "NUMBER", 1, USES_MAX, "1", "how many agents may use it"),
	OPT(enrol_conf, tags, "tag", 0, OPT_LIST, "TAG", NULL, "tag its agents with this; may be repeated"),
	OPT_RANGE(enrol_conf, tenant, "tenant", "NUMBER", 1, TENANT_MAX, "1", "whose agents they become"),
	OPT(enrol_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table (the token alone) or json"),
	OPT(enrol_conf, quiet, "quiet", 'q', OPT_FLAG, NULL, NULL, "leave out what to do next"),
	ASK_OPTS(enrol_conf),
	OPT_END,
};

static void build_target(const struct enrol_conf *conf, struct strbuf *target)
{
	AUTO_STRBUF tags = STRBUF_INIT;
	char number[24];

	strbuf_adds(target, "/v1/agents");
	ask_add(target, "ttl", conf->ttl);
	snprintf(number, sizeof(number), "%lld", (long long)conf->uses);
	ask_add(target, "uses", number);
	snprintf(number, sizeof(number), "%lld", (long long)conf->tenant);
	ask_add(target, "tenant", number);
	for (size_t i = 0; i < conf->tags.count; i++)
		strbuf_addf(&tags, "%s%s", i ? "," : "", conf->tags.items[i]);
	ask_add(target, "tags", tags.length ? tags.data : NULL);
}

static int run(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	const struct enrol_conf *conf = options;
	AUTO_STRBUF target = STRBUF_INIT, out = STRBUF_INIT;
	struct ask question = { .method = "POST" };
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0)
		return err->code;
	build_target(conf, &target);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(answer, err);
	strbuf_addf(&out, "%s\n", json_text(answer, "token") ? json_text(answer, "token") : "");
	if (screen_write(&out, err) < 0)
		return err->code;
	if (!conf->quiet)
		fprintf(stderr,
			"valid until %s, for %lld agents; it is not shown again\n"
			"Next:  secagent host --collector tls+tcp://HOST:PORT --enrol-token-file FILE\n",
			json_text(answer, "expires_at") ? json_text(answer, "expires_at") : "?",
			(long long)conf->uses);
	return 0;
}

const struct command agents_enrol_command = {
	.name = "agents enrol",
	.summary = "make a token with which agents get their first certificate",
	.details = "Examples:\n"
		   "  secctl agents enrol >token\n"
		   "  secctl agents enrol --uses 50 --ttl 1d --tag production\n"
		   "\n"
		   "The token also says whom the agent is to trust: give it to the agent over a channel that nobody "
		   "else "
		   "reads.",
	.opts = opts,
	.conf_size = sizeof(struct enrol_conf),
	.run = run,
};
