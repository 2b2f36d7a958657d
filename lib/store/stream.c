#include "store/stream.h"

#include <inttypes.h>
#include <stdbool.h>

#define HEAD_SIZE 15 /* signature and flags; then the length of the extension */

static const uint8_t head[HEAD_SIZE] = "PGCOPY\n\377\r\n\0\0\0\0";

static int refuse(const struct stream_check *check, const char *what, struct err *err)
{
	return err_set(err, ERR_SYNTAX, "offset %" PRIu64 ": %s", check->offset, what);
}

/* Collects a number of so many bytes, big-endian; false while it is not whole. */
static bool collect(struct stream_check *check, uint8_t byte, unsigned int size, int64_t *ret)
{
	uint32_t value = 0;

	check->bytes[check->collected++] = byte;
	if (check->collected < size)
		return false;
	for (unsigned int i = 0; i < size; i++)
		value = value << 8 | check->bytes[i];
	check->collected = 0;
	*ret = size == 2 ? (int16_t)value : (int32_t)value;
	return true;
}

static int begin_row(struct stream_check *check, int64_t columns, struct err *err)
{
	if (columns == -1) {
		check->state = STREAM_ENDED;
		return 0;
	}
	if (columns < 1 || columns > STREAM_COLUMNS_MAX)
		return refuse(check, "a row has no such number of columns", err);
	check->rows++;
	check->columns = (unsigned int)columns;
	check->state = STREAM_VALUE;
	return 0;
}

static int begin_value(struct stream_check *check, int64_t length, struct err *err)
{
	if (length < -1)
		return refuse(check, "a value has a negative length", err);
	check->skip = length > 0 ? (uint64_t)length : 0;
	if (--check->columns == 0)
		check->state = STREAM_ROW;
	return 0;
}

static int take_byte(struct stream_check *check, uint8_t byte, struct err *err)
{
	int64_t number;

	switch (check->state) {
	case STREAM_HEAD:
		if (byte != head[check->offset])
			return refuse(check, "not the head of a binary copy", err);
		if (check->offset == HEAD_SIZE - 1)
			check->state = STREAM_EXTENSION;
		return 0;
	case STREAM_EXTENSION:
		if (!collect(check, byte, 4, &number))
			return 0;
		if (number != 0)
			return refuse(check, "the head has an extension, which nothing here writes", err);
		check->state = STREAM_ROW;
		return 0;
	case STREAM_ROW:
		return collect(check, byte, 2, &number) ? begin_row(check, number, err) : 0;
	case STREAM_VALUE:
		return collect(check, byte, 4, &number) ? begin_value(check, number, err) : 0;
	case STREAM_ENDED:
		return refuse(check, "bytes after the end", err);
	}
	return 0;
}

int stream_check_feed(struct stream_check *check, const void *data, size_t length, struct err *err)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length;) {
		size_t step = length - i < check->skip ? length - i : (size_t)check->skip;

		if (step == 0) {
			if (take_byte(check, bytes[i], err) < 0)
				return err->code;
			step = 1;
		} else {
			check->skip -= step;
		}
		check->offset += step;
		i += step;
	}
	return 0;
}

int stream_check_end(const struct stream_check *check, struct err *err)
{
	return check->state == STREAM_ENDED ? 0 : refuse(check, "the copy ends before its end", err);
}
