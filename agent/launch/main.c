#include <stdlib.h>
#include <unistd.h>

#include "agent/launch/become.h"
#include "agent/launch/client.h"
#include "agent/launch/handshake.h"
#include "base/err.h"
#include "conf/program.h"

#define WORDS_BEFORE 4 /* secagent inside --require -- */

struct launch_conf {
	const char *socket, *agent;
	bool require, inside;
};

static const struct opt launch_opts[] = {
	OPT_LAUNCH_SOCKET(launch_conf, "socket of the sidecar, on a volume that both containers have"),
	OPT(launch_conf, require, "require", 0, OPT_FLAG, NULL, NULL,
	    "do not start the command when the sidecar cannot watch it (exit code 70)"),
	OPT(launch_conf, inside, "inside", 0, OPT_FLAG, NULL, NULL,
	    "do not ask a sidecar, but start a sensor of its own in this container; its options are taken from the "
	    "environment, see secagent-inside"),
	{ .name = "agent",
	  .type = OPT_TEXT,
	  .offset = offsetof(struct launch_conf, agent),
	  .argument = "PATH",
	  .fallback = LAUNCH_AGENT_DEFAULT,
	  .help = "secagent, for --inside, and where the sidecar cannot trace this container",
	  .env = LAUNCH_AGENT_ENV },
	OPT_END,
};

/* secagent goes on from here, as this process. Returns only if it cannot; *err keeps what it says so far. */
static void go_inside(const struct launch_conf *conf, int argc, char **argv, struct err *err)
{
	char **words = calloc((size_t)argc + WORDS_BEFORE + 1, sizeof(*words));
	int count = 0;

	if (words) {
		words[count++] = (char *)conf->agent;
		words[count++] = "inside";
		if (conf->require)
			words[count++] = "--require";
		words[count++] = "--";
		for (int i = 0; i < argc; i++)
			words[count++] = argv[i];
		execv(conf->agent, words);
	}
	free(words);
	if (!err->code)
		err_errno(err, ERR_FAILED, "could not run \"%s\"", conf->agent);
}

static int launch(const void *conf, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct launch_conf *launch_conf = conf;
	int code = launch_conf->inside ? CLIENT_INSIDE : client_hand_over(launch_conf->socket, err);

	if (code == CLIENT_INSIDE)
		go_inside(launch_conf, argc, argv, err);
	return become_command("seclaunch", argv, code == 0, launch_conf->require, ret_exit, err);
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
		{
			.name = "launch",
			.arguments = "-- COMMAND [ARGUMENT]...",
			.summary = "hand this process to the sensor, then become the command",
			.details =
				"Put in front of a container's entry point. The process stays the same one: its "
				"number, "
				"signals,\nexit code and files are the command's own. When the sidecar does not "
				"answer "
				"within two seconds the\ncommand starts all the same, unless --require is given. "
				"Where "
				"it "
				"cannot trace this container (no common\npid namespace, no capability SYS_PTRACE), "
				"secagent does it from inside, if it is on the volume.",
			.opts = launch_opts,
			.conf_size = sizeof(struct launch_conf),
			.args_min = 1,
			.args_max = -1,
			.takes_command_line = true,
			.run = launch,
		},
		{ .name = NULL },
	};
	static const struct program program = {
		.name = "seclaunch",
		.summary = "hands a container's entry point to the sensor in the sidecar",
		.commands = commands,
		.single = true,
	};

	return program_main(&program, argc, argv);
}
