/*
 * help.h: text made from the command and option tables: --help and the man page.
 */
#pragma once

#include <stdio.h>

#include "conf/command.h"

void help_program(const struct program *program, FILE *out);
void help_command(const struct program *program, const struct command *command, FILE *out);

/* The whole man page, section 1, in roff. */
void help_manual(const struct program *program, FILE *out);
