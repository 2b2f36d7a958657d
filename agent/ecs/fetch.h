/*
 * fetch.h: one GET over plain HTTP, for the metadata endpoint of the task.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#define FETCH_BODY_MAX (1u << 20)

/*
 * Appends the body of url to out. The whole exchange takes timeout_ns at the most. Errors: ERR_UNREACHABLE, ERR_LIMIT,
 * ERR_FAILED (a status other than 200), each with the url.
 */
int fetch_get(const char *url, int64_t timeout_ns, struct strbuf *out, struct err *err);
