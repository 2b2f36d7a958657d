/*
 * receiver.h: the collecting side of delivery: frames come in, a handler decides, its reply goes back.
 *
 * Batches of the alert lane, and requests for certificates, have workers of their own. Bulk batches beyond
 * RECEIVER_BULK_MAX are answered with RETRY at once, so that there is always room for an alert.
 */
#pragma once

#include "base/err.h"
#include "base/strbuf.h"
#include "bus/peer.h"

#define RECEIVER_BULK_WORKERS	48    /* bulk frames handled at once; handlers wait for a commit */
#define RECEIVER_ALERT_WORKERS	20    /* all others */
#define RECEIVER_BULK_MAX	64    /* bulk frames in hand, waiting ones too */
#define RECEIVER_SLOTS		128   /* frames in hand */
#define RECEIVER_PEERS_MAX	16384 /* connections */
#define RECEIVER_ENROLLING_MAX	64    /* of them, those without a certificate */
#define RECEIVER_RETRY_AFTER_MS 500   /* what a sender of bulk beyond the limit is told */

struct receiver;
struct tls;

/*
 * Called from a thread of the receiver, several at once; must write a reply frame (wire_reply_encode) to reply. Frame and peer
 * are borrowed for the call.
 */
typedef void (*receiver_handler)(void *context, const void *frame, size_t length, const struct peer *peer,
				 struct strbuf *reply);

struct receiver_conf {
	const char *url; /* ipc:///path (mode 0660), tcp://address:port, tls+tcp://address:port */
	struct tls *tls; /* for tls+tcp; borrowed until the receiver is closed */
	receiver_handler handler;
	void *context;
};

/* Listens; conf is copied, url too. Errors: ERR_FAILED and ERR_USAGE with url and reason. */
int receiver_open(const struct receiver_conf *conf, struct receiver **ret, struct err *err);

/* Closes the connections of those whom tls refuses by now, and of those who have been enrolling for too long. */
void receiver_sweep(struct receiver *receiver);

/*
 * Connects to its own address, as a sender would, and listens anew if that fails: nng 1.5.2 can stop taking connections without
 * a word. Takes up to some seconds. Returns 1 when it had to listen anew. Errors: ERR_FAILED when it could not.
 */
int receiver_check(struct receiver *receiver, struct err *err);

/* Stops listening, as nng does when it fails: for tests of receiver_check(). */
void receiver_break(struct receiver *receiver);

/* Connections now. */
size_t receiver_peers(struct receiver *receiver);

/* Stops listening and waits for handlers that run. Accepts NULL. */
void receiver_close(struct receiver *receiver);
