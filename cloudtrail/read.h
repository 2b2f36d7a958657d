/*
 * read.h: the command "read": CloudTrail files as normalised records on standard output.
 */
#pragma once

#include "conf/command.h"

extern const struct command read_command;
