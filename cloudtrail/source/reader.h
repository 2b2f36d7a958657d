/*
 * reader.h: files in, normalised records out, each once; everything that cannot be read becomes one line with its place.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "cloudrecord/record.h"
#include "cloudtrail/source/walk.h"

struct reader_sink {
	/* One record that was not seen before, borrowed. Below 0 stops the reading with that error. */
	int (*record)(void *context, const struct record *record, struct err *err);
	/* "FILE:LINE:COLUMN: message" or "FILE: message", escaped, without a newline. */
	void (*problem)(void *context, const char *line);
	void *context;
};

struct reader_counts {
	struct walk_counts walk;
	uint64_t records;    /* handed to the sink */
	uint64_t duplicates; /* seen before */
	uint64_t digests;    /* digest documents found by content */
	uint64_t problems;   /* reported, or over the number reported for one file */
	uint64_t not_found;  /* named paths that do not exist */
};

struct reader;

/* sink is copied. */
int reader_open(const struct reader_sink *sink, struct reader **ret, struct err *err);
void reader_close(struct reader *reader); /* accepts NULL */
void reader_close_pointer(struct reader **reader);

/* Reads one file; ret_problems, if not NULL, says how many problems it had. Errors: only those of sink->record and ERR_MEMORY. */
int reader_file(struct reader *reader, const char *path, uint64_t *ret_problems, struct err *err);

/* Reads all files below paths (NULL-terminated). */
int reader_paths(struct reader *reader, char *const *paths, struct err *err);

const struct reader_counts *reader_counts(const struct reader *reader);
/* Counts and reports a problem that the walk met. */
void reader_problem(struct reader *reader, const struct err *problem);

#define AUTO_READER CLEANUP(reader_close_pointer) struct reader *
