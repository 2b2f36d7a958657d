/*
 * run.h: the command "run": the service that reads CloudTrail files as they come and ships them to the collector.
 */
#pragma once

#include "conf/command.h"

extern const struct command run_command;
