#include <stdio.h>
#include <string.h>

#include "cli/ask.h"
#include "cli/commands.h"
#include "cli/screen.h"
#include "json/json.h"

struct authority_conf {
	struct ask_conf ask;
	const char *output;
	bool force;
};

static const struct opt show_opts[] = {
	OPT(authority_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(authority_conf),
	OPT_END,
};

static const struct opt rotate_opts[] = {
	OPT(authority_conf, force, "force", 0, OPT_FLAG, NULL, NULL,
	    "go on although agents would be left behind: they must enrol again"),
	OPT(authority_conf, output, "output", 'o', OPT_TEXT, "FORMAT", "table", "table or json"),
	ASK_OPTS(authority_conf),
	OPT_END,
};

/* What a stage means, and what the next step does. */
static const struct {
	const char *stage, *meaning, *next;
} stages[] = {
	{ "steady", "one root issues and is trusted", "makes a second root and gives it to all agents" },
	{ "prepared", "a second root is trusted as well", "lets the second root issue; agents get new certificates" },
	{ "switched", "the second root issues, the first is still trusted", "trusts the first root no more" },
};

static int print_state(const json_t *answer, struct err *err)
{
	const char *stage = json_text(answer, "stage"), *root = json_text(answer, "root_sha256");
	long long behind = json_integer_value(json_object_get(answer, "agents_behind"));
	AUTO_STRBUF out = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		if (stage && strcmp(stage, stages[i].stage) == 0)
			strbuf_addf(&out,
				    "stage   %s: %s\nroot    %s\nbehind  %lld agents do not know today's roots yet\n"
				    "next    secctl authority rotate %s\n",
				    stages[i].stage, stages[i].meaning, root ? root : "?", behind, stages[i].next);
	}
	return screen_write(&out, err);
}

static int ask(const struct authority_conf *conf, const char *method, struct err *err)
{
	struct ask question = { .method = method, .target = conf->force ? "/v1/authority?force=1" : "/v1/authority" };
	AUTO_JSON answer = NULL;
	enum table_format format;

	if (screen_format(conf->output, 1u << TABLE_TEXT | 1u << TABLE_JSON, &format, err) < 0 ||
	    ask_json(&conf->ask, &question, &answer, err) < 0)
		return err->code;
	return format == TABLE_JSON ? screen_json(answer, err) : print_state(answer, err);
}

static int run_show(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	return ask(options, "GET", err);
}

static int run_rotate(const void *options, int argc UNUSED, char **argv UNUSED, int *ret_exit UNUSED, struct err *err)
{
	return ask(options, "POST", err);
}

const struct command authority_show_command = {
	.name = "authority show",
	.summary = "show the collector's certificate authority and the stage of a change of roots",
	.details = "Examples:\n"
		   "  secctl authority show\n"
		   "  secctl authority show -o json",
	.opts = show_opts,
	.conf_size = sizeof(struct authority_conf),
	.run = run_show,
};

const struct command authority_rotate_command = {
	.name = "authority rotate",
	.summary = "take the next of three steps to a new root certificate",
	.details = "Examples:\n"
		   "  secctl authority rotate\n"
		   "\n"
		   "Nothing is lost on the way: each step waits (exit code 8) until every agent with a valid "
		   "certificate has\n"
		   "taken over the one before. Enrolment tokens made before the second step are void after it.",
	.opts = rotate_opts,
	.conf_size = sizeof(struct authority_conf),
	.run = run_rotate,
};
