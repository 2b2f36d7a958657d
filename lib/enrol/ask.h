/*
 * ask.h: one request for a certificate and what the collector said to it.
 */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "bus/tls.h"
#include "model/enrolment.h"
#include "pki/key.h"

#define ASK_TIMEOUT_NS (20 * INT64_C(1000000000))

/*
 * Asks url for a certificate of key. request is filled in with a CSR; the reply lives in arena. Errors: ERR_DENIED when it
 * was refused, ERR_AGAIN when it was put off (ret->server_ns then tells the collector's clock), ERR_UNREACHABLE, ERR_SYNTAX for a
 * reply that is none.
 */
int ask_for_certificate(const char *url, const struct credentials *credentials, const struct key *key,
			struct enrol_request *request, struct arena *arena, struct enrol_reply *ret, struct err *err);
