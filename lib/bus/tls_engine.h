/*
 * tls_engine.h: OpenSSL as the engine behind nng's tls+tcp (nng/supplemental/tls/engine.h, version 1). Inside lib/bus only.
 */
#pragma once

#include <nng/nng.h>
#include <nng/supplemental/tls/tls.h>
#include <openssl/ssl.h>

#include "bus/peer.h"

struct err;
struct tls;

/* Registers it once for this process; nng must have been used before. Errors: ERR_FAILED. */
int tls_engine_register(struct err *err);

/* A configuration of nng's whose connections take their settings from tls. */
int tls_engine_config(struct tls *tls, nng_tls_mode mode, nng_tls_config **ret);

/*
 * What the engine asks of tls.c. A session belongs to the caller; tls_session_open gives NULL when there are too many
 * handshakes from the address.
 */
SSL *tls_session_open(struct tls *tls);
bool tls_address_enter(struct tls *tls, uint64_t address);
void tls_address_leave(struct tls *tls, uint64_t address);
/* Reads who the other end is after a handshake; false: refused. */
bool tls_session_peer(struct tls *tls, const SSL *session, struct peer *ret);
void tls_session_failed(struct tls *tls, const SSL *session, unsigned long error);
void tls_hold(struct tls *tls);
