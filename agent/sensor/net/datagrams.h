/*
 * datagrams.h: pairs of ends that exchange UDP, so that only the first datagram of a pair is told; and which of them send so much
 * that the kernel had better keep it to itself.
 */
#pragma once

#include "agent/sensor/net/selection.h"
#include "agent/sensor/net/tuple.h"

#define DATAGRAM_IDLE_NS (60 * INT64_C(1000000000)) /* after so long it is a new pair */
#define DATAGRAM_MUTE_NS (30 * INT64_C(1000000000)) /* muted pairs are listened to again */
#define DATAGRAMS_LOUD	 256			    /* in a second: too many */

struct datagrams;

struct datagrams *datagrams_new(void);
void datagrams_free(struct datagrams *datagrams); /* accepts NULL */

/* Takes one datagram in; true if it is the first of its pair. */
bool datagrams_packet(struct datagrams *datagrams, const struct net_tuple *tuple, int64_t now_ns);

/*
 * True if other pairs are to be muted now than after the last call: *ret is them, and *ret_count how many. Valid until the next
 * call of a function here.
 */
bool datagrams_muted(struct datagrams *datagrams, int64_t now_ns, const uint32_t **ret, size_t *ret_count);
