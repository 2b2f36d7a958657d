/*
 * peer.h: who sent a frame, as its connection proves it: nothing here comes out of a message.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PEER_AGENT_MAX	 64 /* with the NUL, as the texts below */
#define PEER_SERIAL_MAX	 48
#define PEER_ADDRESS_MAX 80

struct peer {
	bool is_certified;		/* it showed a certificate of ours; else it came by a local socket, or: */
	bool is_enrolling;		/* it comes by TLS and has no certificate yet: no batch is taken from it */
	int64_t tenant;			/* from 1; TENANT_LOCAL by a local socket */
	char agent[PEER_AGENT_MAX];	/* agent's id in the certificate; "" by a local socket */
	char serial[PEER_SERIAL_MAX];	/* the certificate's, hexadecimal; "" by a local socket */
	char address[PEER_ADDRESS_MAX]; /* where the connection comes from, for log lines */
	uint64_t trust_digest;		/* what replies to it say of the collector's roots; 0 = nothing */
};
