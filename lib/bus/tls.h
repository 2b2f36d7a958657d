/*
 * tls.h: TLS 1.3 under nng's tls+tcp, by OpenSSL, with what nng 1.5.2 cannot say: who the other end is.
 *
 * Both ends show certificates of the private authority (lib/pki). Who connects accepts a collector's certificate only, who
 * listens an agent's; names of hosts play no part, so an address may change. An end that has no certificate yet may connect
 * for enrolment: it says so in the handshake (ALPN), and knows the collector by the pin of its root.
 */
#pragma once

#include <nng/nng.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "bus/peer.h"
#include "pki/certificate.h"

#define TLS_HANDSHAKES_PER_ADDRESS 256 /* unfinished ones at once, of those who connect to a listener */

enum tls_end {
	TLS_CONNECTS,
	TLS_LISTENS,
	TLS_PROBES, /* connects to enrol, but never does: it believes every certificate, and must send nothing */
};

/* Texts are PEM and borrowed for the call. */
struct credentials {
	const char *chain; /* own certificate, then those up to the root or just before it; NULL to enrol */
	const char *key;   /* private, of the first of them; NULL to enrol */
	const char *trust; /* roots that the other end's certificate must lead to; NULL with a pin */
	bool has_pin;	   /* TLS_CONNECTS without trust: */
	uint8_t pin[CERTIFICATE_PIN_SIZE]; /* of the root in the chain that the collector shows */
};

/* Asked in a handshake and after it; must not wait. */
typedef bool (*tls_refuses)(void *context, const struct peer *peer);

struct tls;

/* credentials NULL: nobody connects until tls_replace(). Errors: ERR_SYNTAX for credentials that are none, ERR_FAILED. */
int tls_new(enum tls_end end, const struct credentials *credentials, struct tls **ret, struct err *err);

/* From now on handshakes use these; connections stay. Errors: as tls_new; then the former ones stay in use. */
int tls_replace(struct tls *tls, const struct credentials *credentials, struct err *err);

/* Who is refused although the certificate is good. Set before anything listens. */
void tls_refuse(struct tls *tls, tls_refuses refuses, void *context);

/* What tls_refuse() was told, of somebody who is connected. */
bool tls_refused(const struct tls *tls, const struct peer *peer);

/* Has nng's dialer or listener, not started yet, use tls, and hold it. Errors: ERR_FAILED. */
int tls_use_to_dial(struct tls *tls, nng_dialer dialer, struct err *err);
int tls_use_to_listen(struct tls *tls, nng_listener listener, struct err *err);

/* Who is at the other end of a TLS pipe, without its address; false if the pipe is gone, or none of TLS. */
bool tls_peer(nng_pipe pipe, struct peer *ret);

/* Why nobody connects, or what else tls_reason() is to say next. */
void tls_explain(struct tls *tls, const char *reason);

/* Why the last handshake failed since it was asked before, for people; "" if none did. Returns out. */
char *tls_reason(struct tls *tls, char *out, size_t size);

void tls_free(struct tls *tls); /* accepts NULL; connections go on */
