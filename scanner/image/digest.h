/*
 * digest.h: SHA-256 digests as images write them: "sha256:" and 64 hexadecimal digits.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

#define DIGEST_PREFIX	"sha256:"
#define DIGEST_TEXT_MAX 72

struct digest;

struct digest *digest_new(void); /* NULL without memory */
void digest_add(struct digest *digest, const void *data, size_t length);
/* Ends and frees; writes the text. Returns out. */
char *digest_finish(struct digest *digest, char out[DIGEST_TEXT_MAX]);
void digest_free_pointer(struct digest **digest);

char *digest_of(const void *data, size_t length, char out[DIGEST_TEXT_MAX]);

/* True for "sha256:" and 64 lower-case hexadecimal digits; NULL is false. */
bool digest_is_valid(const char *text);

#define AUTO_DIGEST CLEANUP(digest_free_pointer) struct digest *
