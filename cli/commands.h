/*
 * commands.h: the commands of secctl, one file each; main.c puts them into its table.
 */
#pragma once

#include "conf/program.h"

extern const struct command investigate_command;
