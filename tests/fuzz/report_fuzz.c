/* Any JSON document makes a report without a byte that a terminal would obey. */
#include <stdint.h>
#include <stdlib.h>

#include "json/json.h"
#include "report/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct report_style style = { 0 };
	AUTO_STRBUF out = STRBUF_INIT;
	AUTO_JSON document = NULL;

	if (size < 1)
		return 0;
	style.width = (size_t)data[size - 1] * 2;
	style.ascii = data[size - 1] & 1;
	if (json_parse("input", (const char *)data, size, &document, NULL) < 0)
		return 0;
	if (report_investigation(document, &style, &out, NULL) < 0)
		return 0;
	for (size_t i = 0; i < out.length; i++) {
		unsigned char c = (unsigned char)out.data[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f || (style.ascii && c > 0x7e))
			abort();
	}
	return 0;
}
