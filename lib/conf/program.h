/*
 * program.h: the main program made from its tables (conf/command.h): parsing, dispatch, exit code.
 */
#pragma once

#include "conf/command.h"

/* Parses, runs, prints "name: message" on failure; returns the exit code (see base/err.h). */
int program_main(const struct program *program, int argc, char **argv);

/* Parses one command's options without running it; positional arguments are moved to the front of argv. */
int program_parse(const struct program *program, const struct command *command, int argc, char **argv, void *conf,
		  int *ret_argc, struct err *err);
