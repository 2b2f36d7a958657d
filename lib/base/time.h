/*
 * time.h: points in time as nanoseconds since 1970 UTC, RFC 3339 text, and durations.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

#define TIME_TEXT_MAX 40

int64_t time_now_ns(void);	 /* CLOCK_REALTIME */
int64_t time_monotonic_ns(void); /* CLOCK_MONOTONIC */

/*
 * Parses RFC 3339 (any fraction, kept to 9 digits; "Z", "z" or an offset; a blank or "T" between date and time).
 * Leap second :60 counts as the next second. Errors: ERR_SYNTAX with the text complained of.
 */
int time_parse(const char *text, int64_t *ret_ns, struct err *err);

/* Writes "2026-11-23T12:05:00Z", with as many fraction digits (0, 3, 6 or 9) as digits says; returns out. */
char *time_format(int64_t ns, int digits, char out[TIME_TEXT_MAX]);

/* Writes with the fewest of 0, 3, 6, 9 digits that lose nothing. */
char *time_format_exact(int64_t ns, char out[TIME_TEXT_MAX]);

/* Parses "90s", "15m", "24h", "7d", "500ms" (a whole number and a unit). Errors: ERR_SYNTAX. */
int duration_parse(const char *text, int64_t *ret_ns, struct err *err);

/* Writes "15m10s", "3.2s", "2d3h": two units at the most; returns out. */
char *duration_format(int64_t ns, char out[TIME_TEXT_MAX]);
