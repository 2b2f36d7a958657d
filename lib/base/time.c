#include "base/time.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECONDS_PER_DAY INT64_C(86400)

static int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

int64_t time_now_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t time_monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* Reads exactly count digits at *cursor. */
static bool read_digits(const char **cursor, int count, int min, int max, int *ret)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		if (!isdigit((unsigned char)**cursor))
			return false;
		value = value * 10 + (*(*cursor)++ - '0');
	}
	*ret = value;
	return value >= min && value <= max;
}

static bool read_char(const char **cursor, const char *allowed)
{
	if (!**cursor || !strchr(allowed, **cursor))
		return false;
	(*cursor)++;
	return true;
}

static bool read_offset(const char **cursor, int64_t *ret_seconds)
{
	int sign = **cursor == '-' ? -1 : 1;
	int hours, minutes;

	*ret_seconds = 0;
	if (read_char(cursor, "Zz"))
		return true;
	if (!read_char(cursor, "+-") || !read_digits(cursor, 2, 0, 23, &hours))
		return false;
	read_char(cursor, ":");
	if (!read_digits(cursor, 2, 0, 59, &minutes))
		return false;
	*ret_seconds = sign * (hours * INT64_C(3600) + minutes * INT64_C(60));
	return true;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int time_parse(const char *text, int64_t *ret_ns, struct err *err)
{
	const char *cursor = text;
	int year, month, day, hour, minute, second;
	int64_t fraction = 0, offset;
	struct tm tm;

	if (!read_digits(&cursor, 4, 1678, 2261, &year) || !read_char(&cursor, "-") ||
	    !read_digits(&cursor, 2, 1, 12, &month) || !read_char(&cursor, "-") ||
	    !read_digits(&cursor, 2, 1, days_in_month(year, month), &day) || !read_char(&cursor, "Tt ") ||
	    !read_digits(&cursor, 2, 0, 23, &hour) || !read_char(&cursor, ":") ||
	    !read_digits(&cursor, 2, 0, 59, &minute) || !read_char(&cursor, ":") ||
	    !read_digits(&cursor, 2, 0, 60, &second))
		return err_set(err, ERR_SYNTAX, "time is \"%.40s\", but must look like 2026-11-23T12:05:00Z", text);
	if (read_char(&cursor, ".")) {
		int64_t unit = NS_PER_S;

		if (!isdigit((unsigned char)*cursor))
			return err_set(err, ERR_SYNTAX, "time \"%.40s\" has a point without digits", text);
		for (; isdigit((unsigned char)*cursor); cursor++) {
			unit /= 10;
			fraction += (*cursor - '0') * unit;
		}
	}
	if (!read_offset(&cursor, &offset) || *cursor)
		return err_set(err, ERR_SYNTAX, "time \"%.40s\" must end in Z or an offset such as +02:00", text);
	tm = (struct tm){ .tm_year = year - 1900,
			  .tm_mon = month - 1,
			  .tm_mday = day,
			  .tm_hour = hour,
			  .tm_min = minute,
			  .tm_sec = second };
	*ret_ns = (timegm(&tm) - offset) * NS_PER_S + fraction;
	return 0;
}

char *time_format(int64_t ns, int digits, char out[TIME_TEXT_MAX])
{
	int64_t seconds = ns / NS_PER_S, rest = ns % NS_PER_S;
	struct tm tm;
	size_t used;
	time_t t;

	if (rest < 0) {
		rest += NS_PER_S;
		seconds--;
	}
	t = (time_t)seconds;
	gmtime_r(&t, &tm);
	used = strftime(out, TIME_TEXT_MAX, "%Y-%m-%dT%H:%M:%S", &tm);
	for (int i = digits; i < 9; i++)
		rest /= 10;
	if (digits > 0)
		snprintf(out + used, TIME_TEXT_MAX - used, ".%0*" PRId64 "Z", digits, rest);
	else
		snprintf(out + used, TIME_TEXT_MAX - used, "Z");
	return out;
}

char *time_format_exact(int64_t ns, char out[TIME_TEXT_MAX])
{
	int digits = 0;

	for (int64_t unit = NS_PER_S; digits < 9 && ns % unit != 0; unit /= 1000)
		digits += 3;
	return time_format(ns, digits, out);
}

struct unit {
	const char *name;
	int64_t ns;
};

static const struct unit units[] = {
	{ "d", SECONDS_PER_DAY *NS_PER_S },
	{ "h", 3600 * NS_PER_S },
	{ "m", 60 * NS_PER_S },
	{ "s", NS_PER_S },
	{ "ms", NS_PER_MS },
};

int duration_parse(const char *text, int64_t *ret_ns, struct err *err)
{
	const char *cursor = text;
	int64_t count = 0;

	while (isdigit((unsigned char)*cursor) && count < INT64_C(1000000000))
		count = count * 10 + (*cursor++ - '0');
	for (size_t i = 0; cursor != text && i < ARRAY_SIZE(units); i++) {
		if (strcmp(cursor, units[i].name) == 0 && count <= INT64_MAX / units[i].ns) {
			*ret_ns = count * units[i].ns;
			return 0;
		}
	}
	return err_set(err, ERR_SYNTAX, "duration is \"%.40s\", but must be a whole number and one of ms, s, m, h, d",
		       text);
}

char *duration_format(int64_t ns, char out[TIME_TEXT_MAX])
{
	const char *sign = ns < 0 ? "-" : "";
	int64_t rest = ns >= 0 ? ns : ns == INT64_MIN ? INT64_MAX : -ns;

	for (size_t i = 0; i < 3; i++) {
		const struct unit *big = &units[i], *small = &units[i + 1];

		if (rest < big->ns)
			continue;
		if (rest % big->ns / small->ns)
			snprintf(out, TIME_TEXT_MAX, "%s%" PRId64 "%s%" PRId64 "%s", sign, rest / big->ns, big->name,
				 rest % big->ns / small->ns, small->name);
		else
			snprintf(out, TIME_TEXT_MAX, "%s%" PRId64 "%s", sign, rest / big->ns, big->name);
		return out;
	}
	if (rest >= 10 * NS_PER_S || rest % NS_PER_S == 0)
		snprintf(out, TIME_TEXT_MAX, "%s%" PRId64 "s", sign, rest / NS_PER_S);
	else if (rest >= NS_PER_S)
		snprintf(out, TIME_TEXT_MAX, "%s%.1fs", sign, (double)rest / (double)NS_PER_S);
	else
		snprintf(out, TIME_TEXT_MAX, "%s%" PRId64 "ms", sign, rest / NS_PER_MS);
	return out;
}
