/*
 * document.h: takes a text apart into CloudTrail records.
 *
 * Accepted: {"Records": [...]} as CloudTrail writes it, an array of records, single records one after the other (JSON lines),
 * EventBridge envelopes ("detail"), and answers of LookupEvents ("Events" with "CloudTrailEvent"). A record that is not JSON is
 * reported with its place and skipped; a text that ends early gives the records before its end.
 */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define RECORD_SIZE_MAX	      (4u << 20) /* bytes of one record; AWS stops at about 256 KB */
#define DOCUMENT_PROBLEMS_MAX 20	 /* reported for one text; more are only counted */

struct document_sink {
	/* One record, borrowed. Below 0 stops the reading with that error. */
	int (*record)(void *context, json_t *json, struct err *err);
	/* line and column count from 1, bytes. message is plain text without a place, not escaped. */
	void (*problem)(void *context, size_t line, size_t column, const char *message);
	bool known_cut; /* the text is known to end early: not a problem of its own */
	void *context;
};

struct document_counts {
	uint64_t records;
	uint64_t digests;  /* documents that are digest files */
	uint64_t problems; /* places that could not be read */
	bool ended_early;
};

/* Reads the whole text. Errors: only those of sink->record. */
int document_read(const char *text, size_t length, const struct document_sink *sink, struct document_counts *counts,
		  struct err *err);
