#include "wire/scan.h"

#define VARINT_BYTES_MAX 10
#define FIELD_NUMBER_MAX ((1u << 29) - 1)

/* Offset behind the number at offset, or 0 with the reason. */
static size_t read_varint(struct scan *scan, size_t offset, uint64_t *ret)
{
	uint64_t value = 0;

	for (int i = 0; i < VARINT_BYTES_MAX; i++) {
		uint8_t byte;

		if (offset == scan->size) {
			scan->reason = "ends inside a number";
			return 0;
		}
		byte = scan->data[offset++];
		value |= (uint64_t)(byte & 0x7f) << 7 * i;
		if (byte & 0x80)
			continue;
		if (i == VARINT_BYTES_MAX - 1 && byte > 1)
			break;
		*ret = value;
		return offset;
	}
	scan->reason = "number is longer than 64 bits";
	return 0;
}

/* Offset behind size bytes at offset, or 0 with the reason. */
static size_t skip(struct scan *scan, size_t offset, uint64_t size)
{
	if (size <= scan->size - offset)
		return offset + (size_t)size;
	scan->reason = "runs past the end";
	return 0;
}

static size_t read_value(struct scan *scan, size_t offset, struct scan_field *ret)
{
	uint64_t size;

	switch (ret->type) {
	case WIRE_VARINT:
		return read_varint(scan, offset, &ret->value);
	case WIRE_FIXED64:
		return skip(scan, offset, 8);
	case WIRE_FIXED32:
		return skip(scan, offset, 4);
	case WIRE_BYTES:
		offset = read_varint(scan, offset, &size);
		if (!offset)
			return 0;
		ret->data = scan->data + offset;
		ret->size = (size_t)size;
		return skip(scan, offset, size);
	}
	scan->reason = "wire type is not one of 0, 1, 2, 5";
	return 0;
}

int scan_any(struct scan *scan, struct scan_field *ret)
{
	uint64_t tag;
	size_t offset;

	if (scan->offset == scan->size)
		return 0;
	*ret = (struct scan_field){ 0 };
	offset = read_varint(scan, scan->offset, &tag);
	if (!offset)
		return -1;
	if (tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX) {
		scan->reason = "field number is out of range";
		return -1;
	}
	ret->number = (uint32_t)(tag >> 3);
	ret->type = (enum wire_type)(tag & 7);
	offset = read_value(scan, offset, ret);
	if (!offset)
		return -1;
	scan->offset = offset;
	return 1;
}
