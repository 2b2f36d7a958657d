#include "store/copy.h"

#include <endian.h>
#include <string.h>

#include "base/utf8.h"
#include "store/binary.h"

#define SIZE_SIZE 4 /* bytes in front of each value */

/* Room for so many bytes, which count as written: rows are made by the hundred thousand, and mostly there is room. NULL once rows failed. */
static char *take_room(struct strbuf *rows, size_t length)
{
	char *room;

	if (!strbuf_reserve(rows, length))
		return NULL;
	room = rows->data + rows->length;
	rows->length += length;
	rows->data[rows->length] = '\0';
	return room;
}

static void store_size(char *room, int32_t size)
{
	uint32_t bytes = htobe32((uint32_t)size);

	memcpy(room, &bytes, sizeof(bytes));
}

/* Room for a value of so many bytes behind its size; NULL once rows failed. */
static char *begin_value(struct strbuf *rows, size_t size)
{
	char *room = take_room(rows, SIZE_SIZE + size);

	if (!room)
		return NULL;
	store_size(room, (int32_t)size);
	return room + SIZE_SIZE;
}

void copy_row(struct strbuf *rows, size_t columns)
{
	uint16_t bytes = htobe16((uint16_t)columns);
	char *room = take_room(rows, sizeof(bytes));

	if (room)
		memcpy(room, &bytes, sizeof(bytes));
}

void copy_null(struct strbuf *rows)
{
	char *room = take_room(rows, SIZE_SIZE);

	if (room)
		store_size(room, -1);
}

void copy_int2(struct strbuf *rows, int16_t value)
{
	uint16_t bytes = htobe16((uint16_t)value);
	char *room = begin_value(rows, sizeof(bytes));

	if (room)
		memcpy(room, &bytes, sizeof(bytes));
}

void copy_int8(struct strbuf *rows, int64_t value)
{
	uint64_t bytes = htobe64((uint64_t)value);
	char *room = begin_value(rows, sizeof(bytes));

	if (room)
		memcpy(room, &bytes, sizeof(bytes));
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
	size_t begin = rows->length;

	if (!text) {
		copy_null(rows);
		return;
	}
	begin_value(rows, 0);
	utf8_add(rows, text, strlen(text));
	if (!rows->failed)
		store_size(rows->data + begin, (int32_t)(rows->length - begin - SIZE_SIZE));
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
	char *room = begin_value(rows, length);

	if (room && length)
		memcpy(room, data, length);
}

void copy_time(struct strbuf *rows, int64_t ns)
{
	copy_int8(rows, binary_time_from_ns(ns));
}
