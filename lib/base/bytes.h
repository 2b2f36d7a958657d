/*
 * bytes.h: hexadecimal text, CRC-32C and random bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Writes 2 * length lower-case digits and a NUL to out; returns out. */
char *hex_format(const void *data, size_t length, char *out);

/* Reads exactly 2 * length digits, nothing after them. Errors: ERR_SYNTAX. */
int hex_parse(const char *text, void *out, size_t length, struct err *err);

/* CRC-32C (Castagnoli, RFC 3720 appendix B.4) of data; "123456789" gives 0xe3069283. */
uint32_t crc32c(const void *data, size_t length);

/* Fills out from the kernel's generator. Errors: ERR_FAILED. */
int random_bytes(void *out, size_t length, struct err *err);
