/*
 * binary.h: the server's binary formats that params.c writes and rows.c reads.
 */
#pragma once

#include <stdint.h>

/* Object ids of built-in types; they never change (pg_type.dat). */
enum {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_FLOAT8 = 701,
	OID_TIMESTAMPTZ = 1184,
	OID_UUID = 2950,
	OID_JSONB = 3802,
};

#define JSONB_VERSION	  '\1' /* comes first in a jsonb value */
#define ARRAY_NULLS_AT	  4    /* byte offset of the flag in an array's header */
#define ARRAY_LENGTH_AT	  12   /* byte offset of the number of elements */
#define ARRAY_HEADER_SIZE 20   /* bytes before the first element */

#define BINARY_EPOCH_US INT64_C(946684800000000) /* 2000-01-01 as microseconds since 1970 */

static inline int64_t binary_time_from_ns(int64_t ns)
{
	int64_t us = ns / 1000 - (ns % 1000 < 0);

	return us - BINARY_EPOCH_US;
}

static inline int64_t binary_time_to_ns(int64_t us)
{
	int64_t ns;

	/* The server knows years that 64 bits of nanoseconds do not. */
	if (__builtin_add_overflow(us, BINARY_EPOCH_US, &us) || __builtin_mul_overflow(us, INT64_C(1000), &ns))
		return us < 0 ? INT64_MIN : INT64_MAX;
	return ns;
}
