#include "wire/frame.h"

#include <string.h>
#include <zstd.h>

#include "base/crc32c.h"

#define FRAME_KIND_LAST FRAME_ENROL
#define ZSTD_LEVEL	3
#define COMPRESS_FROM	512 /* bytes; smaller messages do not shrink enough to be worth it */

static uint32_t load_u32(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Covers the kind as well: one bit there would send a batch to another lane, or be no batch at all. */
static uint32_t checksum_of(uint8_t kind, const void *message, size_t size)
{
	return crc32c(message, size) ^ kind;
}

static void store_header(uint8_t *header, enum frame_codec codec, enum frame_kind kind, uint32_t checksum)
{
	memset(header, 0, FRAME_HEADER_SIZE);
	header[0] = PROTO_VERSION;
	header[1] = (uint8_t)codec;
	header[2] = (uint8_t)kind;
	for (int i = 0; i < 4; i++)
		header[4 + i] = (uint8_t)(checksum >> 8 * i);
}

/* Bytes of the compressed message at target, or 0 if that would not be smaller. */
static size_t compress(const void *message, size_t size, char *target)
{
	size_t packed;

	if (size < COMPRESS_FROM)
		return 0;
	packed = ZSTD_compress(target, size, message, size, ZSTD_LEVEL);
	return ZSTD_isError(packed) ? 0 : packed;
}

int frame_seal(enum frame_kind kind, const void *message, size_t size, struct strbuf *out, struct err *err)
{
	enum frame_codec codec = FRAME_ZSTD;
	size_t packed;
	char *target;

	if (size > MESSAGE_MAX)
		return err_set(err, ERR_LIMIT, "message of %zu bytes is over the limit of %u", size, MESSAGE_MAX);
	target = strbuf_reserve(out, FRAME_HEADER_SIZE + size);
	if (!target)
		return err_set(err, ERR_MEMORY, "no memory for a frame of %zu bytes", size);
	packed = compress(message, size, target + FRAME_HEADER_SIZE);
	if (!packed) {
		codec = FRAME_RAW;
		packed = size;
		if (size)
			memcpy(target + FRAME_HEADER_SIZE, message, size);
	}
	if (FRAME_HEADER_SIZE + packed > FRAME_MAX)
		return err_set(err, ERR_LIMIT, "frame of %zu bytes is over the limit of %u",
			       FRAME_HEADER_SIZE + packed, FRAME_MAX);
	store_header((uint8_t *)target, codec, kind, checksum_of((uint8_t)kind, target + FRAME_HEADER_SIZE, packed));
	strbuf_grown(out, FRAME_HEADER_SIZE + packed);
	return 0;
}

int frame_check(const void *data, size_t length, bool checked, struct err *err)
{
	const uint8_t *frame = data;
	uint32_t promised, actual;

	if (length < FRAME_HEADER_SIZE)
		return err_set(err, ERR_SYNTAX, "frame of %zu bytes is shorter than its header of %d", length,
			       FRAME_HEADER_SIZE);
	if (length > FRAME_MAX)
		return err_set(err, ERR_LIMIT, "frame of %zu bytes is over the limit of %u", length, FRAME_MAX);
	if (frame[0] != PROTO_VERSION)
		return err_set(err, ERR_SYNTAX, "frame of %zu bytes: version is %u, but must be %d", length, frame[0],
			       PROTO_VERSION);
	if (frame[1] > FRAME_ZSTD)
		return err_set(err, ERR_SYNTAX, "frame of %zu bytes: codec is %u, but must be 0 or 1", length,
			       frame[1]);
	if (frame[2] > FRAME_KIND_LAST)
		return err_set(err, ERR_SYNTAX, "frame of %zu bytes: kind is %u, but must be 0 to %d", length,
			       frame[2], FRAME_KIND_LAST);
	if (frame[3])
		return err_set(err, ERR_SYNTAX, "frame of %zu bytes: flags are 0x%02x, but must be 0", length,
			       frame[3]);
	promised = load_u32(frame + 4);
	actual = checksum_of(frame[2], frame + FRAME_HEADER_SIZE, length - FRAME_HEADER_SIZE);
	if (checked && promised != actual)
		return err_set(err, ERR_SYNTAX, "frame of %zu bytes: checksum is 0x%08x, but must be 0x%08x", length,
			       promised, actual);
	return 0;
}

/* The size must be promised in front, so that no memory is spent on what is over the limit. */
static int inflate(const uint8_t *data, size_t length, struct arena *arena, struct message *ret, struct err *err)
{
	unsigned long long size = ZSTD_getFrameContentSize(data, length);
	size_t done;
	char *target;

	if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN)
		return err_set(err, ERR_SYNTAX, "compressed message does not say its size");
	if (size > MESSAGE_MAX)
		return err_set(err, ERR_LIMIT, "message unpacks to %llu bytes, over the limit of %u", size,
			       MESSAGE_MAX);
	if (ZSTD_findFrameCompressedSize(data, length) != length)
		return err_set(err, ERR_SYNTAX, "compressed message must be one zstd frame and nothing more");
	target = arena_take(arena, (size_t)size + 1);
	if (!target)
		return err_set(err, ERR_LIMIT, "no room for a message of %llu bytes", size);
	done = ZSTD_decompress(target, (size_t)size, data, length);
	if (ZSTD_isError(done))
		return err_set(err, ERR_SYNTAX, "compressed message cannot be unpacked: %s", ZSTD_getErrorName(done));
	if (done != size)
		return err_set(err, ERR_SYNTAX, "message unpacks to %zu bytes, but promised %llu", done, size);
	*ret = (struct message){ (const uint8_t *)target, done };
	return 0;
}

int frame_open(const void *frame, size_t length, bool checked, struct arena *arena, struct message *ret,
	       struct err *err)
{
	const uint8_t *bytes = frame;
	size_t size = length - FRAME_HEADER_SIZE;
	char *copy;
	int code = frame_check(bytes, length, checked, err);

	if (code < 0)
		return code;
	if (bytes[1] == FRAME_ZSTD) {
		code = inflate(bytes + FRAME_HEADER_SIZE, size, arena, ret, err);
		return code < 0 ? err_wrap(err, "frame of %zu bytes", length) : 0;
	}
	copy = arena_copy(arena, (const char *)bytes + FRAME_HEADER_SIZE, size);
	if (!copy)
		return err_set(err, ERR_LIMIT, "no room for a message of %zu bytes", size);
	*ret = (struct message){ (const uint8_t *)copy, size };
	return 0;
}
