/*
 * copy.h: rows in the binary format of COPY (PostgreSQL manual, COPY, "Binary Format"): the cheapest way into a table.
 *
 * copy_row() begins a row, then each column is added in the order of the statement. Rows of several buffers go to the server
 * by one store_copy().
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "store/params.h"

struct err;
struct store;

void copy_row(struct strbuf *rows, size_t columns);
void copy_null(struct strbuf *rows);
void copy_int2(struct strbuf *rows, int16_t value);
void copy_int8(struct strbuf *rows, int64_t value);
void copy_id(struct strbuf *rows, int64_t value);			  /* 0 becomes NULL */
void copy_text(struct strbuf *rows, const char *text);			  /* NULL becomes NULL; made valid UTF-8 */
void copy_uuid(struct strbuf *rows, const uint8_t uuid[STORE_UUID_SIZE]); /* NULL becomes NULL */
void copy_bytes(struct strbuf *rows, const void *data, size_t length);
void copy_time(struct strbuf *rows, int64_t ns); /* kept to microseconds, rounded down */

struct copy_part {
	const void *data;
	size_t length;
};

/*
 * Sends the parts as the rows of one COPY; statement is "COPY table (columns) FROM STDIN (FORMAT binary)". *ret_count (may be
 * NULL) is the number of rows. Errors: as store.h says; a row that is refused fails the transaction.
 */
int store_copy(struct store *store, const char *statement, const struct copy_part *parts, size_t part_count,
	       size_t *ret_count, struct err *err);

/* Gets a piece of the stream, ends the copy by a negative code. */
typedef int copy_take_fn(void *context, const void *data, size_t length, struct err *err);
/* Gives the next piece of the stream (1), valid until the next call; 0 at its end, negative to break off. */
typedef int copy_give_fn(void *context, const void **ret_data, size_t *ret_length, struct err *err);

/*
 * Whole streams of the binary format, head and end included, in pieces: "COPY (query) TO STDOUT (FORMAT binary)", "COPY table
 * (columns) FROM STDIN (FORMAT binary)". *ret_count is the number of rows. Errors: as store.h says, and those of the function given;
 * the transaction has failed then.
 */
int store_copy_out(struct store *store, const char *statement, copy_take_fn *take, void *context, size_t *ret_count,
		   struct err *err);
int store_copy_in(struct store *store, const char *statement, copy_give_fn *give, void *context, size_t *ret_count,
		  struct err *err);
