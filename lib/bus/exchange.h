/*
 * exchange.h: one request and its reply, over a connection of its own.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

struct tls;

/*
 * Sends frame to url and appends the reply to it. tls: as for senders. The whole takes timeout_ns and two seconds more at the
 * most. Errors: ERR_UNREACHABLE with url and reason, ERR_USAGE.
 */
int exchange(const char *url, struct tls *tls, const struct strbuf *frame, int64_t timeout_ns, struct strbuf *reply,
	     struct err *err);
