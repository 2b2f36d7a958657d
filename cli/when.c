#include "cli/when.h"

#include <stdio.h>
#include <string.h>

#define DATE_LENGTH 10 /* 2026-11-23 alone is its first moment */

int when_parse(const char *name, const char *text, char out[TIME_TEXT_MAX], struct err *err)
{
	char whole[TIME_TEXT_MAX];
	int64_t ns;

	if (!text)
		return 0;
	if (duration_parse(text, &ns, NULL) == 0) {
		time_format_exact(time_now_ns() - ns, out);
		return 0;
	}
	snprintf(whole, sizeof(whole), "%s%s", text, strlen(text) == DATE_LENGTH ? "T00:00:00Z" : "");
	if (time_parse(whole, &ns, NULL) < 0)
		return err_set(err, ERR_USAGE,
			       "%s is \"%s\", but must be how long ago (15m, 24h, 7d) or a time such as "
			       "2026-11-23T12:05:00Z",
			       name, text);
	time_format_exact(ns, out);
	return 0;
}
