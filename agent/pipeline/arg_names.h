/*
 * arg_names.h: names of flags and constants of system calls, as evt.arg shows them.
 */
#pragma once

#include "agent/sensor/call_table.h"
#include "base/strbuf.h"

/* Appends the names of the bits that are set, joined by "|", in the table's order; none if nothing has a name. */
void names_of_bits(enum sensor_names names, uint64_t bits, struct strbuf *out);

/* Name of one value, or NULL. */
const char *name_of_value(enum sensor_names names, uint64_t value);
