/*
 * investigate.h: answers "what is behind this?" with the investigation document (docs/investigation-document.md).
 *
 * An investigation is a query: it reads the store and writes nothing. The document is a pure function of the set of events
 * held and of the query: the order in which events arrived, and how often, cannot be seen in it.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"

#define INVESTIGATE_WINDOW_DEFAULT	   (INT64_C(24) * 3600 * 1000000000) /* ns, centred on what was asked for */
#define INVESTIGATE_MIN_CONFIDENCE_DEFAULT 0.30

struct arena;
struct entity_row;
struct store; /* one connection; lib/store */

struct investigate_query {
	const char *reference; /* as typed: docs/investigation-document.md, "References" */
	int64_t window_ns;     /* width of the window; 0 = INVESTIGATE_WINDOW_DEFAULT */
	int64_t around_ns;     /* its middle; 0 = time of what was asked for */
	int64_t now_ns;	       /* end of the window where it would reach into the future; 0 = the window is not cut */
	double min_confidence; /* links below it are counted, not shown */
};

/*
 * The caller owns *ret_document (json_decref). Errors: ERR_NOT_FOUND; ERR_USAGE when the reference has no known
 * shape, or means several things: then *ret_candidates (may be NULL) gets an array of {"kind", "key", "name",
 * "reference"} that the caller owns; ERR_MEMORY; those of the store. On any other error both outputs are NULL.
 */
int investigate(struct store *store, int64_t tenant, const struct investigate_query *query, json_t **ret_document,
		json_t **ret_candidates, struct err *err);

/*
 * The entity that a reference names: of an alert its own, of another event who acted, else where it happened. *ret is in the
 * arena. Errors: as investigate().
 */
int investigate_entity(struct store *store, int64_t tenant, const char *reference, struct arena *arena,
		       struct entity_row *ret, json_t **ret_candidates, struct err *err);
