/*
 * attempts.h: TCP connections between their SYN and the answer to it, so that each is told once and with its outcome.
 */
#pragma once

#include "agent/sensor/net/net_event.h"
#include "agent/sensor/net/packet.h"

#define ATTEMPTS_MAX	  4096
#define ATTEMPT_WAIT_NS	  (200 * INT64_C(1000000))   /* for an answer; then it is told as in progress */
#define ATTEMPT_FORGET_NS (65 * INT64_C(1000000000)) /* a SYN that comes again is no new connection for so long */

struct attempt {
	struct net_tuple tuple; /* from: client, to: server */
	int64_t time_ns;
	bool is_used, is_told, is_new; /* is_new: its owners have not been looked for */
	bool has_local_client, has_local_server;
	bool has_answer;
	int result;
	struct net_owner client, server;
	uint16_t next; /* in its chain; the number of a slot + 1, 0 ends it */
};

struct attempts;

struct attempts *attempts_new(void);
void attempts_free(struct attempts *attempts); /* accepts NULL */

/*
 * Takes a TCP packet in. Returns the attempt it changed, else NULL. evicted: called for an attempt that had to make room before it
 * was told.
 */
struct attempt *attempts_packet(struct attempts *attempts, const struct packet *packet, int64_t time_ns,
				bool is_outgoing, bool is_loopback,
				void (*evicted)(void *context, struct attempt *attempt), void *context);

/* Calls visit for each attempt that is not told, oldest first; visit may set is_told. */
void attempts_each(struct attempts *attempts, void (*visit)(void *context, struct attempt *attempt), void *context);

/* Forgets those whose time is over: answered and told, or past ATTEMPT_FORGET_NS. */
void attempts_sweep(struct attempts *attempts, int64_t now_ns);

size_t attempts_waiting(const struct attempts *attempts); /* not told */
