/*
 * format.h: values and outputs as text and as JSON.
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"
#include "rules/run/program.h"

struct run;

#define MISSING_TEXT "<NA>"

/* Appends the value as outputs show it: lists as (a,b), times as numbers. */
void value_print(const struct value *value, struct strbuf *out);

/* Appends the value as JSON; NULL as null. Errors: ERR_MEMORY. */
int value_json(const struct value *value, struct strbuf *out, struct err *err);

/* Appends the output of a rule, absent values as <NA>. */
void format_print(const struct format *format, struct run *run, struct strbuf *out);
