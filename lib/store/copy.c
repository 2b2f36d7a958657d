#include "store/copy.h"

#include <endian.h>
#include <string.h>

#include "base/utf8.h"
#include "store/binary.h"

static void add_size(struct strbuf *rows, int32_t size)
{
	uint32_t bytes = htobe32((uint32_t)size);

	strbuf_add(rows, &bytes, sizeof(bytes));
}

void copy_row(struct strbuf *rows, size_t columns)
{
	uint16_t bytes = htobe16((uint16_t)columns);

	strbuf_add(rows, &bytes, sizeof(bytes));
}

void copy_null(struct strbuf *rows)
{
	add_size(rows, -1);
}

void copy_int2(struct strbuf *rows, int16_t value)
{
	uint16_t bytes = htobe16((uint16_t)value);

	copy_bytes(rows, &bytes, sizeof(bytes));
}

void copy_int8(struct strbuf *rows, int64_t value)
{
	uint64_t bytes = htobe64((uint64_t)value);

	copy_bytes(rows, &bytes, sizeof(bytes));
}

void copy_id(struct strbuf *rows, int64_t value)
{
	if (value)
		copy_int8(rows, value);
	else
		copy_null(rows);
}

void copy_text(struct strbuf *rows, const char *text)
{
	size_t begin = rows->length, length;
	uint32_t size;

	if (!text) {
		copy_null(rows);
		return;
	}
	add_size(rows, 0);
	utf8_add(rows, text, strlen(text));
	if (rows->failed)
		return;
	length = rows->length - begin - sizeof(size);
	size = htobe32((uint32_t)length);
	memcpy(rows->data + begin, &size, sizeof(size));
}

void copy_uuid(struct strbuf *rows, const uint8_t uuid[STORE_UUID_SIZE])
{
	if (uuid)
		copy_bytes(rows, uuid, STORE_UUID_SIZE);
	else
		copy_null(rows);
}

void copy_bytes(struct strbuf *rows, const void *data, size_t length)
{
	add_size(rows, (int32_t)length);
	strbuf_add(rows, data, length);
}

void copy_time(struct strbuf *rows, int64_t ns)
{
	copy_int8(rows, binary_time_from_ns(ns));
}
