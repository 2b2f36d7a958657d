/*
 * help.h: text made from the command and option tables: --help and the man page.
 */
#pragma once

#include <stdio.h>

#include "conf/program.h"

#define ENV_NAME_MAX 80

/* Name of the option's environment variable; made in out where the option does not name one itself. */
const char *opt_env_name(const struct opt *opt, char out[ENV_NAME_MAX]);

void help_program(const struct program *program, FILE *out);
void help_command(const struct program *program, const struct command *command, FILE *out);

/* The whole man page, section 1, in roff. */
void help_manual(const struct program *program, FILE *out);
