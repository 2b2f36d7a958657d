/*
 * scan.h: the command "image": one image scanned, reported, uploaded and judged.
 */
#pragma once

#include "conf/command.h"

extern const struct command image_command;
