#include <stdio.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "http/http.h"
#include "json/json.h"
#include "text/escape.h"

#define TENANT_MAX 999999999999999999

struct revoke_conf {
	struct ask_conf ask;
	const char *serial, *reason, *output;
	int64_t tenant;
};

static const struct opt opts[] = {
	OPT(revoke_conf, serial, "serial", 0, OPT_TEXT, "SERIAL", NULL,
	    "only the certificate with this serial number; the agent may go on with a newer one"),
	OPT(revoke_conf, reason, "reason", 0, OPT_TEXT, "TEXT", NULL, "why, for those who ask later"),
	OPT_RANGE(revoke_conf, tenant, "tenant", "NUMBER", 1, TENANT_MAX, "1", "of this tenant"),
	OPT(revoke_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(revoke_conf),
	OPT_END,
};

static int run(const void *options, int argc UNUSED, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct revoke_conf *conf = options;
	AUTO_STRBUF target = STRBUF_INIT, out = STRBUF_INIT;
	struct ask question = { .method = "DELETE" };
	AUTO_JSON answer = NULL;
	enum table_format format;
	char number[24];

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0)
		return err->code;
	strbuf_adds(&target, "/v1/agents/");
	http_escape(&target, argv[0]);
	ask_add(&target, "serial", conf->serial);
	ask_add(&target, "reason", conf->reason);
	snprintf(number, sizeof(number), "%lld", (long long)conf->tenant);
	ask_add(&target, "tenant", number);
	question.target = target.data;
	if (ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(answer, err);
	strbuf_adds(&out, conf->serial ? "revoked one certificate of agent " : "revoked agent ");
	escape_adds(&out, argv[0]);
	strbuf_addc(&out, '\n');
	return screen_write(&out, err);
}

const struct command agents_revoke_command = {
	.name = "agents revoke",
	.arguments = "ID",
	.summary = "take an agent's certificates away; its connection ends within seconds",
	.details = "Examples:\n"
		   "  secctl agents revoke ag_0123456789abcdef --reason \"host was taken over\"\n"
		   "  secctl agents revoke ag_0123456789abcdef --serial 4A1B...\n"
		   "\n"
		   "What it has not delivered stays on its disk. It cannot enrol again with the same key.",
	.opts = opts,
	.conf_size = sizeof(struct revoke_conf),
	.args_min = 1,
	.args_max = 1,
	.run = run,
};
