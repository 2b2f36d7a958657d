/*
 * receiver.h: the collecting side of delivery: frames come in, a handler decides, its reply goes back.
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"
#include "bus/peer.h"

#define RECEIVER_CONTEXTS 64 /* frames handled at once; handlers wait for a commit */

struct receiver;

/*
 * Called from a library thread, several at once; must write a reply frame (wire_reply_encode) to reply. Frame and peer are
 * borrowed for the call.
 */
typedef void (*receiver_handler)(void *context, const void *frame, size_t length, const struct peer *peer,
				 struct strbuf *reply);

/* Listens on url (ipc:///path, mode 0660; or tcp://address:port). Errors: ERR_FAILED with url and reason. */
int receiver_open(const char *url, receiver_handler handler, void *context, struct receiver **ret, struct err *err);

/* Stops listening and waits for handlers that run. Accepts NULL. */
void receiver_close(struct receiver *receiver);
