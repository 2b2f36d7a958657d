/*
 * when.h: points in time as people type them: how long ago, or RFC 3339.
 */
#pragma once

#include "base/err.h"
#include "base/time.h"

/* Writes RFC 3339 for "24h" (that long ago) or a time; nothing for NULL. name is the option's. Errors: ERR_USAGE. */
int when_parse(const char *name, const char *text, char out[TIME_TEXT_MAX], struct err *err);
