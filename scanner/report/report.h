/*
 * report.h: a scan as the JSON document that is uploaded, and as text for people.
 */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"
#include "scanner/check/finding.h"

#define SCAN_SCHEMA 1

struct scan {
	const struct image *image;
	const struct findings *findings;
	int64_t scanned_ns;
};

/* The whole document; the caller owns it. NULL without memory. */
json_t *report_json(const struct scan *scan);

/* Appends what people read: the image, its findings as a table, counts. width 0 = as wide as it gets. Errors: ERR_MEMORY. */
int report_text(const struct scan *scan, size_t width, struct strbuf *out, struct err *err);
