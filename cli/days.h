/*
 * days.h: whole days as people type them, and as the API takes them.
 */
#pragma once

#include "base/err.h"
#include "base/time.h"

/*
 * Writes the beginning of a day, UTC, for "2026-11-01"; with days more days on. name is the argument's. Errors: ERR_USAGE.
 */
int day_parse(const char *name, const char *text, int days, char out[TIME_TEXT_MAX], struct err *err);

/* Writes the beginning of the day that was so many days ago, of "90d". Errors: ERR_USAGE. */
int day_ago(const char *name, const char *text, char out[TIME_TEXT_MAX], struct err *err);
