/* seccloudtrail: reads CloudTrail, applies rules, ships records and alerts to the collector. */
#include "cloudtrail/read.h"
#include "cloudtrail/run.h"
#include "conf/program.h"

int main(int argc, char **argv)
{
	const struct command commands[] = { read_command, run_command, { .name = NULL } };
	const struct program program = {
		.name = "seccloudtrail",
		.summary = "reads CloudTrail records, applies rules and ships both to the collector",
		.commands = commands,
	};

	return program_main(&program, argc, argv);
}
