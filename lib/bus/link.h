/*
 * link.h: one connection to the collector that is made again whenever it is lost.
 *
 * nng's own redialing hides why it fails, and in 1.5.2 can stop for ever after a collector died in the middle of a
 * handshake; so each attempt is a dialer of its own, made by a thread of ours.
 */
#pragma once

#include <nng/nng.h>
#include <stdbool.h>

#include "base/err.h"
#include "bus/monitor.h"

#define LINK_REASON_MAX 160

struct link;

struct tls;

/*
 * Opens a REQ socket and starts connecting to url, with tls (borrowed; NULL for other addresses than tls+tcp). monitor is
 * notified of changes. Errors: ERR_USAGE, ERR_FAILED.
 */
int link_open(const char *url, struct tls *tls, struct monitor *monitor, struct link **ret, struct err *err);

nng_socket link_socket(const struct link *link);

/* With the monitor locked: whether there is a connection, and if not, why ("" while the first attempt runs). */
bool link_connected(const struct link *link);
const char *link_reason(const struct link *link);

/* Closes the connection, if any, so that a new one is made. Not with the monitor locked. */
void link_restart(struct link *link);

/* Accepts NULL. */
void link_close(struct link *link);
