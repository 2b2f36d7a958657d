/*
 * pause.h: when a sender's lanes may send again that the collector asked to wait, or that something went wrong with.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/batch.h"

#define PAUSE_DEFAULT_MS 1000 /* where it is not said how long */
#define PAUSE_MAX_MS	 60000
#define PUT_OFFS_MAX	 5    /* each time in a row doubles the pause: 16 times the first one */
#define PUT_OFF_MAX_MS	 2500 /* but it becomes no longer than this */

struct pause {
	int64_t until_ns[LANES]; /* monotonic */
	unsigned int put_offs;	 /* of bulk, by a collector with too much to do; an ACK takes one back */
};

/* ms <= 0 stands for the default. Up to half more, so that a thousand senders do not come back in the same instant. */
void pause_lane(struct pause *pause, enum lane lane, int64_t ms);

/*
 * The collector had no room for a batch of bulk, and did not read it. A thousand senders that come again and again, four batches each, are
 * what it then has to do most of: each waits longer every time, and tries with one batch until it is through (pause_tries()). Of the
 * batches that are on their way together, the first one's answer counts.
 */
void pause_put_off(struct pause *pause, int64_t told_ms);
void pause_acked(struct pause *pause, enum lane lane);

/* True where one batch of the lane at a time may be on its way. */
bool pause_tries(const struct pause *pause, enum lane lane);
