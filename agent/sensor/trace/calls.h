/*
 * calls.h: from the kernel's number of a call to its row of calls.def, in each table of calls that the machine has.
 */
#pragma once

#include "agent/sensor/call_table.h"
#include "agent/sensor/trace/arch.h"

#define CALL_NUMBERS_MAX 512 /* above it nothing is looked at */

/* Row of a call number, or -1. */
int trace_call_find(enum arch arch, uint64_t number);

/* Row of a call made through i386's socketcall, by its first argument; -1 if it is none of ours. */
int trace_socketcall_find(uint64_t number);
