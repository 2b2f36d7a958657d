/*
 * scan.h: the fields of one protobuf message, one after the other, without knowing its schema.
 *
 * protobuf-c says only that a message is bad; this says where, before anything is unpacked.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

struct scan {
	const uint8_t *data;
	size_t size;
	size_t offset;	    /* of the next field; of the bad one after a failure */
	const char *reason; /* after a failure */
};

struct scan_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;	     /* WIRE_VARINT */
	const uint8_t *data; /* WIRE_BYTES; borrowed */
	size_t size;
};

/* Returns 1 with the next field, 0 at the end, -1 with scan->reason. */
int scan_next(struct scan *scan, struct scan_field *ret);
