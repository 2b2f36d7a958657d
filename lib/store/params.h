/*
 * params.h: a statement and the values for its parameters, in the binary form that the server takes.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

#define SQL_PARAMS_MAX	20
#define STORE_UUID_SIZE 16
#define STORE_PARAM_MAX (64u << 20) /* bytes of one parameter */
#define STORE_KEY_MAX	1024	    /* bytes of an indexed text; the server's limit for a whole index row is 2704 */

/*
 * types has a letter per parameter: i bigint, t text, u uuid, b bytea, s timestamptz, o boolean, f double precision,
 * j jsonb; a capital is an array of it.
 */
struct sql {
	const char *name;
	const char *types;
	const char *text;
};

struct param {
	struct strbuf data;
	size_t count; /* values in it */
	bool has_null;
};

struct params {
	const struct sql *sql;
	struct param items[SQL_PARAMS_MAX];
	size_t count;
};

/* Each appends a value: the only one of a scalar, the next one of an array. A scalar never set is NULL. */
void params_init(struct params *params, const struct sql *sql);
void params_fini(struct params *params);
void params_int(struct params *params, size_t index, int64_t value);
void params_id(struct params *params, size_t index, int64_t value);	 /* 0 becomes NULL */
void params_text(struct params *params, size_t index, const char *text); /* NULL becomes NULL; made valid UTF-8 */
/* For indexed columns: a text over STORE_KEY_MAX bytes is cut and ends in "~" and its SHA-256 (an index row has a limit). */
void params_key(struct params *params, size_t index, const char *text);
void params_text_length(struct params *params, size_t index, const char *text, size_t length);
void params_uuid(struct params *params, size_t index, const uint8_t uuid[STORE_UUID_SIZE]);
void params_bytes(struct params *params, size_t index, const void *data, size_t length);
void params_time(struct params *params, size_t index, int64_t ns); /* kept to microseconds, rounded down */
void params_bool(struct params *params, size_t index, bool value);
void params_float(struct params *params, size_t index, double value);

/* Appends the values of the arrays of from, which is of the same statement; scalars stay as they are. */
void params_join(struct params *params, const struct params *from);
#define AUTO_PARAMS CLEANUP(params_fini) struct params

/* Object id of the parameter's type. */
uint32_t params_oid(const struct params *params, size_t index);
