/*
 * capability.h: sets of capabilities as texts.
 */
#pragma once

#include <stdint.h>

#include "base/strbuf.h"

/* Appends the names of set, such as "CAP_CHOWN CAP_KILL", joined by blanks. */
void capabilities_print(uint64_t set, struct strbuf *out);
