/*
 * report.h: an investigation document (docs/investigation-document.md) made into text for people: a pure function of the two.
 *
 * The document comes from a server or a file and holds texts that attackers chose: nothing but printable UTF-8, newlines
 * and, where colour is asked for, colour sequences comes out, whatever is in it. Members that are missing or of another
 * type are left out.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

#define REPORT_WIDTH_DEFAULT 100
#define REPORT_WIDTH_MIN     40
#define REPORT_WIDTH_MAX     400

struct report_style {
	size_t width; /* columns; brought into REPORT_WIDTH_MIN..MAX, 0 = REPORT_WIDTH_DEFAULT */
	bool ascii;   /* no character above 0x7e */
	bool colour;
	bool quiet;  /* no "Next:" */
	bool is_all; /* supporting links, all entities and facts too */
};

/* Appends the text. Errors: ERR_SYNTAX when document is not an object, ERR_MEMORY. */
int report_investigation(const json_t *document, const struct report_style *style, struct strbuf *out,
			 struct err *err);
