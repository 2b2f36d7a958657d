#include "agent/commands.h"
#include "base/log.h"
#include "conf/program.h"

int main(int argc, char **argv)
{
	const struct command commands[] = { command_run,	command_task,	     command_inside,
					    command_host,	command_doctor,	     command_fim_baseline,
					    command_fim_verify, command_fim_approve, { .name = NULL } };
	const struct program program = {
		.name = "secagent",
		.summary = "sees what processes do, holds rules against it, and reports it",
		.commands = commands,
	};

	log_setup("secagent", LOG_LEVEL_INFO);
	return program_main(&program, argc, argv);
}
