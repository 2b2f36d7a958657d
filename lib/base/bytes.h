/*
 * bytes.h: hexadecimal text and random bytes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Writes 2 * length lower-case digits and a NUL to out; returns out. */
char *hex_format(const void *data, size_t length, char *out);

/* Reads exactly 2 * length digits, nothing after them. Errors: ERR_SYNTAX. */
int hex_parse(const char *text, void *out, size_t length, struct err *err);

/* Fills out from the kernel's generator. Errors: ERR_FAILED. */
int random_bytes(void *out, size_t length, struct err *err);
