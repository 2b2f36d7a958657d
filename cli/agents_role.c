#include <stdio.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"
#include "text/escape.h"

#define TENANT_MAX 999999999999999999

struct role_conf {
	struct ask_conf ask;
	const char *output;
	struct opt_list tags;
	int64_t tenant;
	bool quiet;
};

static const struct opt allow_opts[] = {
	OPT(role_conf, tags, "tag", 0, OPT_LIST, "TAG", NULL, "tag its agents with this; may be repeated"),
	OPT_RANGE(role_conf, tenant, "tenant", "NUMBER", 1, TENANT_MAX, "1", "whose agents they become"),
	OPT(role_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table (the invitation alone) or json"),
	OPT(role_conf, quiet, "quiet", 'q', OPT_FLAG, NULL, NULL, "leave out what to do next"),
	ASK_OPTS(role_conf),
	OPT_END,
};

static const struct opt forbid_opts[] = {
	OPT_RANGE(role_conf, tenant, "tenant", "NUMBER", 1, TENANT_MAX, "1", "of this tenant"),
	OPT(role_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(role_conf),
	OPT_END,
};

static int ask(const struct role_conf *conf, const char *method, const char *arn, json_t **ret, struct err *err)
{
	AUTO_STRBUF target = STRBUF_INIT, tags = STRBUF_INIT;
	struct ask question = { .method = method };
	char number[24];

	strbuf_adds(&target, "/v1/roles");
	ask_add(&target, "role", arn);
	snprintf(number, sizeof(number), "%lld", (long long)conf->tenant);
	ask_add(&target, "tenant", number);
	for (size_t i = 0; i < conf->tags.count; i++)
		strbuf_addf(&tags, "%s%s", i ? "," : "", conf->tags.items[i]);
	ask_add(&target, "tags", tags.length ? tags.data : NULL);
	question.target = target.data;
	return ask_json(&conf->ask, &question, ret, err);
}

static int run_allow(const void *options, int argc UNUSED, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct role_conf *conf = options;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    ask(conf, "POST", argv[0], &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(answer, err);
	strbuf_addf(&out, "%s\n", json_text(answer, "invitation") ? json_text(answer, "invitation") : "");
	if (screen_write(&out, err) < 0)
		return err->code;
	if (!conf->quiet)
		fprintf(stderr,
			"it is no secret: it says whom agents with the role are to trust, and whose they become\n"
			"Next:  secagent task --collector tls+tcp://HOST:PORT --enrol-aws INVITATION\n");
	return 0;
}

static int run_forbid(const void *options, int argc UNUSED, char **argv, int *ret_exit UNUSED, struct err *err)
{
	const struct role_conf *conf = options;
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    ask(conf, "DELETE", argv[0], &answer, err) < 0)
		return err->code;
	if (format == TABLE_JSON)
		return screen_json(answer, err);
	strbuf_adds(&out, "no agent can enrol with ");
	escape_adds(&out, argv[0]);
	strbuf_adds(&out, " any more; those that did stay until they are revoked\n");
	return screen_write(&out, err);
}

const struct command agents_allow_role_command = {
	.name = "agents allow-role",
	.arguments = "ARN",
	.summary = "let agents enrol by a role of AWS, without a token",
	.details =
		"Examples:\n"
		"  secctl agents allow-role arn:aws:iam::111122223333:role/web --tag production\n"
		"\n"
		"Prints an invitation for the task definition (CLEWLINE_ENROL_AWS). The agent signs a question to "
		"AWS "
		"with the\n"
		"credentials of its task's role, and the collector has AWS answer it: whoever can use the role can "
		"enrol.\n"
		"The role needs no permission for it. A path in the ARN is not looked at.",
	.opts = allow_opts,
	.conf_size = sizeof(struct role_conf),
	.args_min = 1,
	.args_max = 1,
	.run = run_allow,
};

const struct command agents_forbid_role_command = {
	.name = "agents forbid-role",
	.arguments = "ARN",
	.summary = "let no more agents enrol by a role of AWS",
	.details = "Examples:\n"
		   "  secctl agents forbid-role arn:aws:iam::111122223333:role/web\n"
		   "\n"
		   "Agents that it has enrolled go on; secctl agents list shows them, and agents revoke ends them.",
	.opts = forbid_opts,
	.conf_size = sizeof(struct role_conf),
	.args_min = 1,
	.args_max = 1,
	.run = run_forbid,
};
