/*
 * falco_output.h: alerts as Falco prints them: the text line and the JSON line that falcosidekick accepts.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "model/event.h"

/* Appends "12:05:00.123456789: Warning OUTPUT\n" (local time of day); control characters are escaped. */
void falco_text_line(const struct alert *alert, int64_t time_ns, struct strbuf *out);

/* Appends one JSON object and a newline: hostname, output, output_fields, priority, rule, source, tags, time; of ours
 * responses, if there are any. */
int falco_json_line(const struct alert *alert, int64_t time_ns, const char *hostname, struct strbuf *out,
		    struct err *err);
