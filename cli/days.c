#include "cli/days.h"

#include <stdio.h>
#include <string.h>

#define DATE_LENGTH 10
#define DAY_NS	    (INT64_C(86400) * NS_PER_S)

int day_parse(const char *name, const char *text, int days, char out[TIME_TEXT_MAX], struct err *err)
{
	char whole[TIME_TEXT_MAX];
	int64_t ns;

	snprintf(whole, sizeof(whole), "%sT00:00:00Z", text);
	if (strlen(text) != DATE_LENGTH || time_parse(whole, &ns, NULL) < 0)
		return err_set(err, ERR_USAGE, "%s is \"%s\", but must be a day such as 2026-11-23", name, text);
	time_format(ns + days * DAY_NS, 0, out);
	return 0;
}

int day_ago(const char *name, const char *text, char out[TIME_TEXT_MAX], struct err *err)
{
	int64_t ns;

	if (duration_parse(text, &ns, NULL) < 0 || ns % DAY_NS || ns < DAY_NS)
		return err_set(err, ERR_USAGE, "%s is \"%s\", but must be a number of days such as 90d", name, text);
	time_format((time_now_ns() - ns) / DAY_NS * DAY_NS, 0, out);
	return 0;
}
