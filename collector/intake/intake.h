/*
 * intake.h: frames come in, batches go into the store, and only then is anything acknowledged.
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"

struct peer;

#define INTAKE_WRITERS	      4	   /* transactions at once */
#define INTAKE_RETRY_AFTER_MS 1000 /* what senders are told while the database is away */

struct intake;

/* conninfo is copied. Opens no socket. Errors: ERR_MEMORY. */
int intake_new(const char *conninfo, struct intake **ret, struct err *err);
void intake_free(struct intake *intake); /* accepts NULL */

/* Makes partitions for today and the days ahead; call now and then. Errors: ERR_UNREACHABLE. */
int intake_prepare(struct intake *intake, struct err *err);

/* A receiver_handler; context is the intake. Whose the batch is, peer says. */
void intake_handle(void *context, const void *frame, size_t length, const struct peer *peer, struct strbuf *reply);
