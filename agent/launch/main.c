#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/launch/client.h"
#include "agent/launch/handshake.h"
#include "base/err.h"
#include "conf/program.h"

#define EXIT_NO_SENSOR	    70 /* EX_SOFTWARE; promised in the manual */
#define EXIT_NOT_FOUND	    127
#define EXIT_NOT_EXECUTABLE 126

struct launch_conf {
	const char *socket;
	bool require;
};

static const struct opt launch_opts[] = {
	OPT_LAUNCH_SOCKET(launch_conf, "socket of the sidecar, on a volume that both containers have"),
	OPT(launch_conf, require, "require", 0, OPT_FLAG, NULL, NULL,
	    "do not start the command when the sidecar cannot watch it (exit code 70)"),
	OPT_END,
};

static int launch(const void *conf, int argc, char **argv, int *ret_exit, struct err *err)
{
	const struct launch_conf *launch_conf = conf;

	(void)argc;
	if (client_hand_over(launch_conf->socket, err) < 0) {
		if (launch_conf->require || err->code == ERR_DENIED) {
			*ret_exit = EXIT_NO_SENSOR;
			return err_wrap(err, "not starting \"%s\"", argv[0]);
		}
		fprintf(stderr, "seclaunch: %s; starting without the sensor\n", err->message);
	}
	execvp(argv[0], argv);
	*ret_exit = errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	return err_errno(err, ERR_FAILED, "could not run \"%s\"", argv[0]);
}

int main(int argc, char **argv)
{
	static const struct command commands[] = {
		{
			.name = "launch",
			.arguments = "-- COMMAND [ARGUMENT]...",
			.summary = "hand this process to the sensor, then become the command",
			.details = "Put in front of a container's entry point. The process stays the same one: its "
				   "number, "
				   "signals,\nexit code and files are the command's own. When the sidecar does not "
				   "answer "
				   "within two seconds the\ncommand starts all the same, unless --require is given.",
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
