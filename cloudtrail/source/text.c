#include "cloudtrail/source/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define CHUNK	    (64u << 10)
#define GZIP_WINDOW (16 + MAX_WBITS)

static int add(struct strbuf *text, const void *data, size_t length, struct err *err)
{
	strbuf_add(text, data, length);
	if (text->failed)
		return err_set(err, ERR_LIMIT, "text is larger than %zu bytes", text->max);
	return 0;
}

struct unpack {
	z_stream stream;
	bool packed, begun; /* begun: inside a member */
	uint64_t used;	    /* bytes of the file that unpacked well */
	struct strbuf *text;
	struct text_end *end;
};

static void stop_early(struct unpack *unpack, const char *why)
{
	unpack->end->early = true;
	snprintf(unpack->end->reason, sizeof(unpack->end->reason), "gzip data %s after %llu bytes", why,
		 (unsigned long long)unpack->used);
}

/* A gzip file may be several members after each other: concatenated objects are still one document each. */
static int unpack_chunk(struct unpack *unpack, const unsigned char *data, size_t length, struct err *err)
{
	z_stream *stream = &unpack->stream;
	unsigned char out[CHUNK];

	stream->next_in = (unsigned char *)data;
	stream->avail_in = (unsigned int)length;
	do {
		unsigned int before = stream->avail_in;
		int code;

		stream->next_out = out;
		stream->avail_out = sizeof(out);
		unpack->begun = true;
		code = inflate(stream, Z_NO_FLUSH);
		unpack->used += before - stream->avail_in;
		if (add(unpack->text, out, sizeof(out) - stream->avail_out, err) < 0)
			return ERR_LIMIT;
		if (code == Z_STREAM_END) {
			unpack->begun = false;
			inflateReset(stream);
		} else if (code != Z_OK && code != Z_BUF_ERROR) {
			stop_early(unpack, "is damaged");
			return 0;
		}
	} while (stream->avail_in || (unpack->begun && !stream->avail_out));
	return 0;
}

static int take_chunk(struct unpack *unpack, const unsigned char *data, size_t length, bool first, struct err *err)
{
	if (first && length >= 2 && data[0] == 0x1f && data[1] == 0x8b) {
		if (inflateInit2(&unpack->stream, GZIP_WINDOW) != Z_OK)
			return err_set(err, ERR_MEMORY, "out of memory");
		unpack->packed = true;
	}
	return unpack->packed ? unpack_chunk(unpack, data, length, err) : add(unpack->text, data, length, err);
}

static void finish(struct unpack *unpack)
{
	if (!unpack->packed)
		return;
	if (unpack->begun && !unpack->end->early)
		stop_early(unpack, "ends early");
	inflateEnd(&unpack->stream);
}

int text_unpack(const void *data, size_t length, struct strbuf *text, struct text_end *ret_end, struct err *err)
{
	struct unpack unpack = { .text = text, .end = ret_end };
	int code;

	memset(ret_end, 0, sizeof(*ret_end));
	code = take_chunk(&unpack, data, length, true, err);
	finish(&unpack);
	return code;
}

static int read_chunks(int fd, struct unpack *unpack, struct err *err)
{
	unsigned char chunk[CHUNK];
	bool first = true;

	while (!unpack->end->early) {
		size_t have = 0;

		/* A pipe may give one byte first; the magic number needs two. */
		while (have < sizeof(chunk)) {
			ssize_t got = read(fd, chunk + have, sizeof(chunk) - have);

			if (got < 0 && errno == EINTR)
				continue;
			if (got < 0)
				return err_errno(err, ERR_FAILED, "could not read");
			if (got == 0)
				break;
			have += (size_t)got;
		}
		if (have == 0)
			break;
		if (take_chunk(unpack, chunk, have, first, err) < 0)
			return err ? err->code : ERR_FAILED;
		first = false;
	}
	return 0;
}

int text_read(const char *path, struct strbuf *text, struct text_end *ret_end, struct err *err)
{
	struct unpack unpack = { .text = text, .end = ret_end };
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	int code;

	memset(ret_end, 0, sizeof(*ret_end));
	if (fd < 0)
		return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "could not open");
	code = read_chunks(fd, &unpack, err);
	finish(&unpack);
	return code;
}
