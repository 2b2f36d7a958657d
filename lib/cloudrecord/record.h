/*
 * record.h: one CloudTrail record, normalised: what every reader of it needs, and the redacted JSON.
 */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "model/event.h"

/* All texts live as long as the record or its arena. */
struct record {
	json_t *json;	  /* redacted; owned */
	const char *id;	  /* eventID; for records from before it existed "made-" and a digest of the record */
	int64_t time_ns;  /* eventTime, known to the second */
	const char *name; /* eventName, or eventType where there is none (insights) */
	const char *account, *region, *source; /* "" if the record does not say */
	const char *object;		       /* file it came in */
};

/*
 * Redacts json (borrowed, changed) and takes its facts. object may help out with the account and region, which stand in its path.
 * Errors: ERR_SYNTAX if eventTime is no time.
 */
int record_make(json_t *json, const char *object, struct arena *arena, struct record *ret, struct err *err);
void record_fini(struct record *record); /* accepts a zeroed record */

/* Appends the record as one line of JSON with a newline. Errors: ERR_MEMORY. */
int record_json_line(const struct record *record, struct strbuf *out, struct err *err);

/* Appends one escaped line for people: time, region, account, source, name, who, from where, error. */
void record_text_line(const struct record *record, struct strbuf *out);

/* Identity for deduplication: account and id. */
void record_key(const struct record *record, struct strbuf *out);

#define AUTO_RECORD CLEANUP(record_fini) struct record
