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

/* Remembers key; true if it was there before. */
bool seen_before(struct seen *seen, const void *key, size_t length);

#define AUTO_SEEN CLEANUP(seen_free_pointer) struct seen *
