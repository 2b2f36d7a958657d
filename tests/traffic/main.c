#include "base/log.h"
#include "conf/program.h"
#include "tests/traffic/traffic.h"

int main(int argc, char **argv)
{
#define COMMAND(name_, summary_)                                                                                     \
	{                                                                                                            \
		.name = #name_, .summary = (summary_), .opts = name_##_opts, .conf_size = name_##_conf_size,         \
		.run = name_##_run                                                                                   \
	}
	const struct command commands[] = {
		COMMAND(generate, "be agents: make events, deliver them, and write down what became of each"),
		COMMAND(drain, "deliver what is in many spools at once, and say how long it took"),
		COMMAND(copy, "the same rows by bare binary COPY, and say how long it took"),
		COMMAND(visible, "send alerts one by one, and say how long each took until the API had it"),
		{ .name = NULL },
	};
	const struct program program = { .name = "clewline_traffic",
					 .summary = "an agent's traffic, for tests",
					 .commands = commands };

	log_setup("traffic", LOG_LEVEL_INFO);
	return program_main(&program, argc, argv);
}
