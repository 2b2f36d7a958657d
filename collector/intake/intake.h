/*
 * intake.h: frames come in, batches go into the store, and only then is anything acknowledged.
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

struct peer;

#define INTAKE_RETRY_AFTER_MS 1000 /* what senders are told while the database is away */
#define INTAKE_BUSY_AFTER_MS                                                                                         \
	250 /* and while there is no room, with up to as much again, so that they do not come at once */

/*
 * Each fewer than the receiver's workers of its lane: one of them is always free to say that there is no room.
 */
#define INTAKE_BULK_WRITERS  2
#define INTAKE_BULK_BATCHES  40
#define INTAKE_BULK_BYTES    (32u << 20)
#define INTAKE_ALERT_WRITERS 1
#define INTAKE_ALERT_BATCHES 16
#define INTAKE_ALERT_BYTES   (16u << 20)

struct intake;

/*
 * conninfo is copied; role, which connections take on that store what senders send, is borrowed (NULL: none). Opens no socket.
 * Errors: ERR_MEMORY.
 */
int intake_new(const char *conninfo, const char *role, struct intake **ret, struct err *err);
void intake_free(struct intake *intake); /* accepts NULL */

/* Sets the metrics that tell how full the queues are. */
void intake_measure(struct intake *intake);

/* Makes partitions for today and the days ahead; call now and then. Errors: ERR_UNREACHABLE. */
int intake_prepare(struct intake *intake, struct err *err);

/* A receiver_handler; context is the intake. Whose the batch is, peer says. */
void intake_handle(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply);
