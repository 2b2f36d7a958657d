/*
 * record.h: one record of the ring buffer, checked and turned into a sensor event.
 */
#pragma once

#include <stddef.h>

#include "agent/sensor/bpf/wire.h"
#include "agent/sensor/sensor.h"

/* The event's texts point into data and into these buffers. */
struct record {
	struct sensor_event event;
	char real[WIRE_TEXT_MAX + 1], folder[WIRE_TEXT_MAX + 1], folder2[WIRE_TEXT_MAX + 1];
	char cgroup[WIRE_TEXT_MAX + 1];
	char comm[WIRE_COMM_MAX + 1];
};

/*
 * realtime_ns is added to the record's time since boot. data must stay as long as the event is used. Whatever does
 * not fit together is refused. Errors: ERR_SYNTAX.
 */
int record_decode(const void *data, size_t size, int64_t realtime_ns, struct record *record, struct err *err);
