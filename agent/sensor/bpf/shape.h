/*
 * shape.h: which system call numbers are which calls, and which arguments mean what, as table for the BPF programs.
 */
#pragma once

#include "agent/sensor/bpf/wire.h"
#include "agent/sensor/sensor.h"

/* Fills both tables (64-bit and 32-bit calls) with the wanted calls; returns how many calls are wanted. */
int shapes_fill(const struct sensor_wants *wants, struct wire_shape native[WIRE_CALLS],
		struct wire_shape compat[WIRE_CALLS]);

/* The same for the operations of io_uring. */
int ops_fill(const struct sensor_wants *wants, struct wire_op ops[WIRE_OPS]);
