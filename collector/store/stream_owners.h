/*
 * stream_owners.h: whose a stream is: the first agent's who sent it with a certificate, for ever.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define STREAM_OWNERS_KEPT 65536 /* streams remembered between two looks into the database */

struct peer;
struct pool;
struct stream_owners;

struct stream_owners *stream_owners_new(struct pool *pool); /* borrowed. NULL without memory */
void stream_owners_free(struct stream_owners *owners);	    /* accepts NULL */

/*
 * Whether peer may send stream; claims it for an agent that is the first. Who comes by a local socket claims none, and may send
 * what no agent has claimed. Thread-safe. Errors: ERR_DENIED when the stream is another's, and those of the store.
 */
int stream_owners_check(struct stream_owners *owners, const struct peer *peer, const uint8_t stream[16],
			struct err *err);
