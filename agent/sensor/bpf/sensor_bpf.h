/*
 * sensor_bpf.h: the sensor for hosts: BPF programs in the kernel report process life and the wanted calls of every
 * process, except the file activity of the agent itself.
 *
 * What it sees and cannot see: docs/sensors.md. One thread uses one sensor.
 */
#pragma once

#include <stdint.h>

#include "agent/sensor/sensor.h"
#include "base/err.h"

struct sensor_bpf;

/*
 * Loads and attaches; events are collected from now on. Errors: ERR_DENIED with the reason where the kernel does not
 * allow BPF. The caller closes ret.
 */
int sensor_bpf_open(const struct sensor_wants *wants, struct sensor_bpf **ret, struct err *err);

/*
 * Hands events to handler until none is there (at most SENSOR_BPF_BATCH_MAX a call), waiting up to timeout_ms for the
 * first. Returns how many; 0 after the timeout or a signal. Errors: ERR_FAILED.
 */
#define SENSOR_BPF_BATCH_MAX 8192
int sensor_bpf_poll(struct sensor_bpf *sensor, int timeout_ms, sensor_handler handler, void *context,
		    struct err *err);

/* Events lost since opening: the ring was full, or the kernel skipped a program. Each is in some event's lost, too. */
uint64_t sensor_bpf_lost(struct sensor_bpf *sensor);

/* Events that the programs put into the ring since opening. */
uint64_t sensor_bpf_sent(struct sensor_bpf *sensor);

void sensor_bpf_close(struct sensor_bpf *sensor); /* accepts NULL */
