/*
 * commands.h: the commands of secagent, one file each.
 */
#pragma once

#include "conf/program.h"

extern const struct command command_run, command_task, command_host, command_doctor;
