/*
 * call_numbers.h: where the calls of calls.def stand in the kernel's tables, on each machine.
 */
#pragma once

#include "agent/sensor/sensor.h"

/* Columns of numbers.def. */
enum arch { ARCH_X86_64, ARCH_I386, ARCH_ARM64, ARCH_COUNT };

struct call_number {
	enum sensor_call call;
	const char *name;	 /* the kernel's */
	int numbers[ARCH_COUNT]; /* -1 = that machine has no such call */
};

extern const struct call_number call_numbers[];
extern const size_t call_number_count;
