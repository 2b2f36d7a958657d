/*
 * window.h: batches on their way to the collector, each in an nng context: SENDER_WINDOW of the bulk lane at once, and
 * SENDER_ALERT_WINDOW of the alert lane, which never wait for a place.
 */
#pragma once

#include <nng/nng.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "bus/monitor.h"
#include "model/batch.h"

struct window;

/* What became of one batch. */
struct delivery {
	uint64_t epoch, number;
	enum lane lane;
	int error;	    /* of nng, 0 with a reply; NNG_ETIMEDOUT = no answer in time */
	struct reply reply; /* lives in the arena given */
	bool malformed;	    /* error is 0, but the reply could not be read: */
	struct err reply_error;
};

/* monitor is notified when a batch's fate is known. Errors: ERR_FAILED, ERR_MEMORY. */
int window_open(nng_socket socket, struct monitor *monitor, int64_t timeout_ns, struct window **ret, struct err *err);

/* With the monitor locked. */
bool window_free(const struct window *window, enum lane lane);	  /* room for one more */
bool window_is_used(const struct window *window, enum lane lane); /* a batch is on its way */
bool window_finished(const struct window *window);		  /* window_take() has something */

/* Sends a frame; not with the monitor locked. Errors: ERR_MEMORY, ERR_AGAIN if there is no room. */
int window_send(struct window *window, enum lane lane, uint64_t epoch, uint64_t number, const struct strbuf *frame,
		struct err *err);

/* Takes the fate of a batch; false if there is none. Not with the monitor locked. */
bool window_take(struct window *window, struct arena *arena, struct delivery *ret);

/* Gives up what is on its way. Accepts NULL. */
void window_close(struct window *window);
