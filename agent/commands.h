/*
 * commands.h: the commands of secagent, one file each.
 */
#pragma once

#include "conf/command.h"

extern const struct command command_run, command_task, command_inside, command_host, command_doctor;
extern const struct command command_fim_baseline, command_fim_verify, command_fim_approve; /* all in fim.c */
