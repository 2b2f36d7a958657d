/*
 * stream.h: a stream of COPY's binary format (PostgreSQL manual, COPY, "Binary Format") is whole, and how many rows it has. It may
 * come from a file that anything may have happened to.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STREAM_COLUMNS_MAX 64

struct stream_check {
	uint64_t offset; /* bytes seen */
	uint64_t rows;
	uint64_t skip;		/* bytes of a value still to come */
	unsigned int columns;	/* of this row still to come */
	unsigned int collected; /* bytes of the number that is being read */
	uint8_t bytes[4];	/* of it */
	enum { STREAM_HEAD, STREAM_EXTENSION, STREAM_ROW, STREAM_VALUE, STREAM_ENDED } state;
};

/* Takes the next piece; a zeroed struct begins. Errors: ERR_SYNTAX with the place. */
int stream_check_feed(struct stream_check *check, const void *data, size_t length, struct err *err);

/* Errors: ERR_SYNTAX when the stream is not at its end. */
int stream_check_end(const struct stream_check *check, struct err *err);
