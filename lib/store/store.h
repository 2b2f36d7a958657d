/*
 * store.h: one connection to PostgreSQL, the only door to libpq. Statements are rows of a table (struct sql), always
 * parameterised, prepared on first use; values travel in binary.
 *
 * A connection that was lost is made again by the next call outside a transaction. Errors of every function that talks to
 * the server: ERR_UNREACHABLE while the database is away, ERR_AGAIN when the transaction has to be run again (deadlock),
 * ERR_SYNTAX when it refuses the values, ERR_FAILED otherwise, with the server's message. A struct store belongs to one thread at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "store/params.h"

#define CONNECT_TIMEOUT_S 5

struct store;

/* Waits for the server as long as the timeout. conninfo: libpq's key words or URL. */
int store_open(const char *conninfo, struct store **ret, struct err *err);
void store_close(struct store *store); /* accepts NULL */

/* The same, then takes on a role (SET ROLE), also whenever the connection is made again. role is a constant of the program. */
int store_open_as(const char *conninfo, const char *role, struct store **ret, struct err *err);

/* One round trip; connects again when needed. */
int store_check(struct store *store, struct err *err);

int store_begin(struct store *store, struct err *err);
int store_begin_reading(struct store *store, struct err *err); /* one moment for all that is read until the end */
int store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store); /* nothing without a transaction; never fails */

/*
 * What can break off the statement that runs on the connection as it is now, from any other thread: it ends with ERR_AGAIN. NULL without a
 * connection. Sending waits for the server's having been told, and does nothing when no statement runs.
 */
struct store_cancel;
struct store_cancel *store_cancel_new(struct store *store);
void store_cancel_send(struct store_cancel *cancel);
void store_cancel_free(struct store_cancel *cancel); /* accepts NULL */

/* One statement without parameters or rows: DDL. Two statements in one text are refused by the server. */
int store_command(struct store *store, const char *text, struct err *err);

struct store_bytes {
	const uint8_t *data;
	size_t length;
};

enum column_type {
	COLUMN_INT,   /* int64_t; NULL is 0 */
	COLUMN_ENUM,  /* an enum or int of 4 bytes */
	COLUMN_BOOL,  /* bool */
	COLUMN_FLOAT, /* double */
	COLUMN_TEXT,  /* const char *; NULL is NULL */
	COLUMN_JSON,  /* const char *: jsonb as text */
	COLUMN_UUID,  /* uint8_t[16] */
	COLUMN_BYTES, /* struct store_bytes */
	COLUMN_TIME,  /* int64_t nanoseconds; NULL is 0 */
};

/* How the columns of a result, in order, become members of a row; a row must be made for its statement. */
struct column {
	size_t offset;
	enum column_type type;
};
#define COLUMN(row, member, type_)                                                                                   \
	{                                                                                                            \
		.offset = offsetof(struct row, member), .type = COLUMN_##type_                                       \
	}

struct row_shape {
	const struct column *columns;
	size_t column_count;
	size_t size; /* of the row's struct */
};
#define ROW_SHAPE(row, columns_)                                                                                     \
	{                                                                                                            \
		.columns = (columns_), .column_count = ARRAY_SIZE(columns_), .size = sizeof(struct row)              \
	}

/* Runs a statement; *ret_count (may be NULL) is the number of rows it changed. */
int store_run(struct store *store, const struct params *params, size_t *ret_count, struct err *err);

/* Runs a statement; *(struct row **)ret_rows becomes an array of *ret_count rows, all in the arena. */
int store_read(struct store *store, const struct params *params, const struct row_shape *shape, struct arena *arena,
	       void *ret_rows, size_t *ret_count, struct err *err);

/* Asks the server to parse a statement and checks its parameters' types; for tests. */
int store_prepare(struct store *store, const struct sql *sql, struct err *err);
