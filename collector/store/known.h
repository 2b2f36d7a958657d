/*
 * known.h: ids that are known to be committed, so that not every batch writes them again. Forgets, at the latest after a day, never errs: what is
 * not known is simply written once more. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define KNOWN_SIZE 65536 /* ids remembered at most: 0.5 MiB */

struct known;

struct known *known_new(void);	      /* NULL without memory */
void known_free(struct known *known); /* accepts NULL */

/* Both accept NULL: nothing is known then. */
bool known_has(struct known *known, int64_t tenant, int64_t id);
void known_add(struct known *known, int64_t tenant, int64_t id);
