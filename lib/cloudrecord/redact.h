/*
 * redact.h: takes secrets out of a CloudTrail record before anything keeps or prints it.
 */
#pragma once

#include <jansson.h>

#define REDACTED "[redacted]"

/*
 * Replaces, at any depth, the texts under names that hold secrets (session tokens, secret keys, passwords ...) and the values of
 * environment variables whose names say so. Everything else stays as it is, but NUL characters, which no store keeps, become
 * U+FFFD. Returns how many texts were replaced.
 */
size_t redact(json_t *json);
