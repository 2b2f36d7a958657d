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

/* What scan_next() is for any field; the fast way below leaves to it what it does not know. */
int scan_any(struct scan *scan, struct scan_field *ret);

/*
 * Returns 1 with the next field, 0 at the end, -1 with scan->reason. Of a batch nearly every field has a tag and a length, or a number, of
 * one byte each: those are read here.
 */
static inline int scan_next(struct scan *scan, struct scan_field *ret)
{
	const uint8_t *at = scan->data + scan->offset;
	size_t left = scan->size - scan->offset;

	if (left < 2 || at[0] < 8 || (at[0] | at[1]) >= 0x80)
		return scan_any(scan, ret);
	if ((at[0] & 7) == WIRE_VARINT) {
		*ret = (struct scan_field){ .number = at[0] >> 3, .type = WIRE_VARINT, .value = at[1] };
		scan->offset += 2;
		return 1;
	}
	if ((at[0] & 7) != WIRE_BYTES || at[1] > left - 2)
		return scan_any(scan, ret);
	*ret = (struct scan_field){ .number = at[0] >> 3, .type = WIRE_BYTES, .data = at + 2, .size = at[1] };
	scan->offset += 2 + (size_t)at[1];
	return 1;
}
