/*
 * log.h: one line per thing that happened, for operators: "time level id: sentence".
 *
 * Programs log; libraries return errors instead. id is stable and greppable ("batch-rejected"). The line is
 * made safe for a terminal: control characters in arguments come out as \xNN. Thread-safe.
 */
#pragma once

#include "base/attr.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

/* name appears in front of every line; not copied. */
void log_setup(const char *name, enum log_level level);

void log_at(enum log_level level, const char *id, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_debug(...) log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_info(...)  log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_warn(...)  log_at(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
