/*
 * desk.h: where frames wait for a worker: slots that receive, two queues, and the threads that handle them.
 *
 * Receiving is never held up by handling: a slot that has a frame leaves the others to receive.
 */
#pragma once

#include <nng/nng.h>

#include "base/err.h"
#include "bus/receiver.h"

struct desk;
struct peers;

/* Starts to receive from the socket. handler and peers must live until desk_close(). Errors: ERR_FAILED, ERR_MEMORY. */
int desk_open(nng_socket socket, const struct peers *peers, receiver_handler handler, void *context,
	      struct desk **ret, struct err *err);

/* Takes no more frames; those in hand are handled and answered first. Accepts NULL. */
void desk_close(struct desk *desk);
