#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/time.h"

#define LOG_LINE_MAX 4096

static const char *const level_names[] = { "debug", "info", "warn", "error" };
static struct {
	const char *name;
	enum log_level level;
} log_state = { "clewline", LOG_LEVEL_INFO };

void log_setup(const char *name, enum log_level level)
{
	log_state.name = name;
	log_state.level = level;
}

/* C0, DEL and bytes above ASCII that are not part of readable text all end up as \xNN: a log is read raw. */
static size_t add_safely(char *line, size_t used, const char *text)
{
	for (; *text && used + 5 < LOG_LINE_MAX; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 0x20 || c == 0x7f || c >= 0x80)
			used += (size_t)snprintf(line + used, LOG_LINE_MAX - used, "\\x%02x", c);
		else
			line[used++] = (char)c;
	}
	return used;
}

void log_at(enum log_level level, const char *id, const char *format, ...)
{
	char message[LOG_LINE_MAX / 2], line[LOG_LINE_MAX], stamp[TIME_TEXT_MAX];
	va_list args;
	size_t used;

	if (level < log_state.level)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	used = (size_t)snprintf(line, sizeof(line), "%s %s %s %s: ", time_format(time_now_ns(), 3, stamp),
				log_state.name, level_names[level], id);
	used = add_safely(line, used, message);
	line[used++] = '\n';
	/* One write per line, so that lines of several threads do not mix. */
	fwrite(line, 1, used, stderr);
}
