/*
 * address.h: what an address of a collector says: ipc:///path, tcp://host:port, tls+tcp://host:port.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define ADDRESS_URL_MAX 4200 /* bytes, with the NUL */

bool address_is_tls(const char *url);
bool address_is_ipc(const char *url);

/* True for what does not leave the machine: ipc:, unix:, tcp://127.0.0.1:..., tcp://[::1]:... and tcp://localhost:... */
bool address_is_local(const char *url);

/* Whether a sender or an intake may use it: TCP without TLS stays on this machine. Errors: ERR_USAGE. */
int address_check(const char *url, struct err *err);

/* Where a listener's own process reaches it: a wildcard host becomes loopback. Errors: ERR_LIMIT. */
int address_of_own(const char *url, char out[ADDRESS_URL_MAX], struct err *err);
