/* secscan: scans container images. */
#include "conf/program.h"
#include "scanner/scan.h"

int main(int argc, char **argv)
{
	const struct command commands[] = { image_command, { .name = NULL } };
	const struct program program = {
		.name = "secscan",
		.summary = "scans container images for packages, misconfiguration and secrets",
		.commands = commands,
	};

	return program_main(&program, argc, argv);
}
