/*
 * become.h: the last step of a launch: this process becomes the command, watched or not.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

/*
 * Executes argv in place. is_watched false: err says why not, and the command is only executed if require is false and the sensor
 * does not forbid it. Returns only on failure, with the exit code in *ret_exit.
 */
int become_command(const char *program, char **argv, bool is_watched, bool require, int *ret_exit, struct err *err);
