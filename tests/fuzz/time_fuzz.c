/* Any text as a time and as a duration: refused with an error, or a value that is written and read back the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FREE char *text = strndup((const char *)data, size);
	char out[TIME_TEXT_MAX];
	struct err err = { 0 };
	int64_t ns, again;

	if (!text)
		return 0;
	if (time_parse(text, &ns, &err) == 0) {
		/* an offset may carry the first and the last day into years that are not read */
		time_format_exact(ns, out);
		if (time_parse(out, &again, &err) == 0 ? again != ns
						       : strncmp(out, "1677", 4) != 0 && strncmp(out, "2262", 4) != 0)
			abort();
	} else if (!err.message[0]) {
		abort();
	}
	if (duration_parse(text, &ns, &err) == 0) {
		if (ns < 0)
			abort();
		duration_format(ns, out);
		duration_format(-ns, out);
	}
	if (size >= sizeof(ns)) {
		memcpy(&ns, data, sizeof(ns));
		duration_format(ns, out);
		time_format_exact(ns, out);
	}
	return 0;
}
