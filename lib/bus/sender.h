/*
 * sender.h: the observing side of delivery: events go in, numbered batches wait in a spool on disk, and leave it
 * only when the collector has acknowledged them.
 *
 * At-least-once by the spool, exactly-once by the batch key in the store. One thread of the library sends; the
 * functions here may be called from one other thread. The transport is nng REQ/REP (docs/protocol.md).
 * Open it after any fork: the library's threads do not survive one.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/time.h"
#include "model/batch.h"

#define SENDER_URL_DEFAULT_NAME	   "intake.sock"
#define SENDER_WINDOW		   4 /* batches of the bulk lane on their way at once */
#define SENDER_ALERT_WINDOW	   2 /* and of the alert lane */
#define SENDER_SPOOL_MAX_DEFAULT   (INT64_C(256) << 20)
#define SENDER_FLUSH_DEFAULT_NS	   (200 * NS_PER_MS)
#define SENDER_ALERT_FLUSH_NS	   (10 * NS_PER_MS) /* a batch of the alert lane is cut so soon */
#define SENDER_WATCHDOG_DEFAULT_NS (15 * NS_PER_S)

struct sender;
struct tls;

struct sender_conf {
	const char *url; /* of the collector's intake: ipc:///path, tls+tcp://host:port, or tcp:// on this machine */
	struct tls *tls; /* for tls+tcp; borrowed until sender_close() */
	const char *spool; /* folder; created with mode 0700. Holds the stream's identity and unsent batches */
	int64_t spool_max; /* bytes, 0 = default; when full, the oldest batch without an alert is dropped and counted */
	int64_t flush_ns;    /* a batch is cut at least this often; 0 = default */
	int64_t watchdog_ns; /* a batch on its way this long without a reply: the connection is made anew; 0 = default */
	void (*heard)(void *context,
		      const struct reply *reply); /* of every reply, from the sender's thread; or NULL */
	void *heard_context;
	/*
	 * In memory that outlives this process, or NULL: since when (since 1970 UTC) something that the sender was given is not in the
	 * spool; 0 = all is. What stands there when the sender is opened was lost with a process before, and is declared by unwritten_reason.
	 */
	_Atomic int64_t *unwritten_ns;
	const char *unwritten_reason;
	struct origin origin; /* borrowed until sender_close(); see sender_origin() */
};

struct sender_state {
	bool connected;
	uint64_t next_seq;	  /* of the next event that is added */
	uint64_t batches_spooled; /* not acknowledged yet */
	uint64_t batches_acked;
	uint64_t batches_rejected; /* kept in the spool's folder dead */
	uint64_t batches_corrupt;  /* kept in the spool's folder quarantine, their events declared as lost */
	uint64_t events_dropped;   /* by this sender or declared to it */
	int64_t clock_offset_ns;   /* how far the collector's clock is ahead; 0 before its first reply */
	char last_error[256];	   /* "" while all is well */
};

/*
 * Opens or creates the spool and starts sending. An unreachable collector is not an error, nor is a spool whose content
 * was lost. Errors: ERR_USAGE for an address that cannot be one; ERR_FAILED for a folder that cannot be used.
 */
int sender_open(const struct sender_conf *conf, struct sender **ret, struct err *err);

/*
 * Appends one event (copied); sets its seq. One with alerts makes the open batch one of the alert lane, which overtakes the
 * others. urgent: it is in the spool when this returns. Errors only when the spool cannot be written.
 */
int sender_add(struct sender *sender, const struct event *event, bool urgent, struct err *err);

/* Changes who the following events come from (containers come and go). Borrowed until the next call or close. */
void sender_origin(struct sender *sender, const struct origin *origin);

/* Declares events lost before they reached the sender. */
void sender_drop(struct sender *sender, const char *reason, uint64_t count);

/* The same, lost between from_ns (since 1970 UTC) and now. */
void sender_drop_since(struct sender *sender, const char *reason, uint64_t count, int64_t from_ns);

/* The same, lost in a span that may be long ago. */
void sender_drop_between(struct sender *sender, const char *reason, uint64_t count, int64_t from_ns,
			 int64_t until_ns);

/* Cuts what is open, and a last batch which says that the sender stops in order. Then only sender_flush() and close follow. */
void sender_goodbye(struct sender *sender);

/* Cuts what is open and waits up to timeout_ns until all is acknowledged. Errors: ERR_UNREACHABLE with the reason. */
int sender_flush(struct sender *sender, int64_t timeout_ns, struct err *err);

void sender_state(struct sender *sender, struct sender_state *ret);

/* Cuts what is open, stops sending; unsent batches stay in the spool for the next run. Accepts NULL. */
void sender_close(struct sender *sender);
