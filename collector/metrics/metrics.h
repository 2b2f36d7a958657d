/*
 * metrics.h: what this process counts, for Prometheus. The table is metrics.def. Thread-safe, without locks.
 */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"

enum metric_id {
#define METRIC(id, type, name, labels, help) METRIC_##id,
#include "collector/metrics/metrics.def"
#undef METRIC
	METRIC_COUNT
};

void metric_add(enum metric_id id, int64_t count);  /* COUNTER */
void metric_set(enum metric_id id, int64_t value);  /* GAUGE */
void metric_observe(enum metric_id id, int64_t ns); /* HISTOGRAM */
int64_t metric_get(enum metric_id id);		    /* of a histogram: how many were observed */

/* Appends all of them in Prometheus's text format 0.0.4. */
void metrics_write(struct strbuf *out);
