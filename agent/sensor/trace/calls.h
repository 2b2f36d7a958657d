/*
 * calls.h: the table of system calls that the trace sensor can stop at, and where their arguments are.
 */
#pragma once

#include <fcntl.h>
#include <stdint.h>

#include "agent/sensor/sensor.h"

struct trace_call {
	uint32_t number;
	enum sensor_call call;
	/* roles: argument, counted from 1; 0 = the call has none */
	uint8_t dirfd, path, dirfd2, path2, flags, mode, how;
	uint8_t test_arg; /* 0 = stop always */
	uint32_t test_mask;
	uint32_t fixed_flags;
};

extern const struct trace_call trace_calls[];
extern const size_t trace_call_count;

/* Row of a call number, or NULL. */
const struct trace_call *trace_call_find(uint64_t number);
