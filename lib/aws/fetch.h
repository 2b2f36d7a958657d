/*
 * fetch.h: one GET over plain HTTP, for the endpoints inside a task: its metadata, and the credentials of its role.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define FETCH_BODY_MAX (1u << 20)

/*
 * Appends the body of url to out. authorization: a header's value, or NULL. The whole exchange takes timeout_ns at the most. Errors: ERR_UNREACHABLE, ERR_LIMIT,
 * ERR_FAILED (a status other than 200), each with the url.
 */
int fetch_get(const char *url, const char *authorization, int64_t timeout_ns, struct strbuf *out, struct err *err);
