/*
 * peers.h: the connections of a receiver, so that one can be closed when its owner is refused.
 */
#pragma once

#include <nng/nng.h>
#include <stdbool.h>
#include <stddef.h>

#include "bus/peer.h"

struct peers;
struct tls;

struct peers *peers_new(struct tls *tls); /* tls: NULL where nobody shows a certificate. NULL without memory */
void peers_free(struct peers *peers);	  /* accepts NULL; no callback may run any more */

/* Keeps the socket's connections in peers, and refuses those over the limits. */
void peers_watch(struct peers *peers, nng_socket socket);
void peers_unwatch(nng_socket socket);

/* Who sent over this pipe, with the address; false if that cannot be told any more. */
bool peers_identify(const struct peers *peers, nng_pipe pipe, struct peer *ret);

void peers_sweep(struct peers *peers);
size_t peers_count(struct peers *peers);

/* Connections that ever came, those that were refused too. */
uint64_t peers_came(struct peers *peers);

/* Waits until more than before have come, which is some time after the other end believes in it; false if none has by deadline_ns (monotonic). */
bool peers_wait(struct peers *peers, uint64_t before, int64_t deadline_ns);
