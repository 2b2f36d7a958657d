/*
 * source.h: where events come from, as people name it who decide how long they are kept: agent, cloudtrail, scan.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/params.h"

#define SOURCE_COUNT	 3
#define SOURCE_KINDS_MAX 16

extern const char *const source_names[SOURCE_COUNT];

bool source_is(const char *name);

/* Appends the kinds of event that the source has to an array of parameters. */
void source_add_kinds(const char *source, struct params *params, size_t index);

/* Writes the same kinds; returns how many. */
size_t source_kinds(const char *source, int64_t out[SOURCE_KINDS_MAX]);
