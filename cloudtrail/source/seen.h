/*
 * seen.h: which records were met before, in bounded memory.
 *
 * Two generations: when the younger is full the older is forgotten. A record is recognised for at least SEEN_MAX others; the
 * store recognises it for ever.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"

#define SEEN_MAX (1u << 20) /* keys of one generation, 16 bytes each */

struct seen;

struct seen *seen_new(void);	   /* NULL without memory */
void seen_free(struct seen *seen); /* accepts NULL */
void seen_free_pointer(struct seen **seen);

#define SEEN_DIGEST_SIZE 16

/* First bytes of a key's SHA-256: what is kept of it. */
void seen_digest(const void *key, size_t length, unsigned char out[SEEN_DIGEST_SIZE]);
bool seen_has_digest(const struct seen *seen, const unsigned char digest[SEEN_DIGEST_SIZE]);
bool seen_before_digest(struct seen *seen, const unsigned char digest[SEEN_DIGEST_SIZE]);

bool seen_has(const struct seen *seen, const void *key, size_t length);

/* Remembers key; true if it was there before. */
bool seen_before(struct seen *seen, const void *key, size_t length);

#define AUTO_SEEN CLEANUP(seen_free_pointer) struct seen *
