/*
 * capture.h: the packets of the caller's network namespace that a selection lets through, from a ring that the kernel fills.
 *
 * The ring is of TPACKET_V2 on purpose. With V3 a reader is woken when a block is full or old, 4 to 8 ms late, when a short connection
 * is over; with V2 the first packet wakes a reader that waits, and one that does not wait is not woken at all: packets by the
 * thousand cost no wake-up as long as the reader sleeps by the clock between two looks.
 */
#pragma once

#include <stdbool.h>

#include "agent/sensor/net/selection.h"
#include "base/err.h"

#define CAPTURE_SNAP 544 /* bytes kept of a packet: the addresses of most DNS answers */

struct captured {
	int64_t time_ns;    /* since 1970 UTC */
	uint16_t ethertype; /* host order */
	bool is_outgoing;   /* sent by this machine; never set on the loopback device */
	bool is_loopback;
	const uint8_t *data; /* from the IP header on */
	size_t length;
};

struct capture;

/* Errors: ERR_DENIED where CAP_NET_RAW is missing, ERR_FAILED. */
int capture_open(const struct selection *selection, struct capture **ret, struct err *err);
void capture_close(struct capture *capture); /* accepts NULL */

/* Takes the place of the former selection at once. */
int capture_select(struct capture *capture, const struct selection *selection, struct err *err);

int capture_fd(const struct capture *capture); /* readable when packets wait */

/* Hands over all packets that wait, at most one ring of them; returns how many. */
size_t capture_drain(struct capture *capture, void (*take)(void *context, const struct captured *packet),
		     void *context);

/* Packets that found no place in the ring since the last call. */
uint64_t capture_lost(struct capture *capture);
