#include "collector/archive/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "collector/store/halt.h"
#include "store/stream.h"

#define ZSTD_LEVEL	3
#define READ_WINDOW_LOG 27 /* a file that wants more memory to be unpacked was not written here */

struct file_writer {
	int fd;
	char path[PATH_MAX], tmp[PATH_MAX + 4];
	ZSTD_CCtx *zstd;
	EVP_MD_CTX *packed, *content;
	char *out;
	size_t out_size;
	int64_t bytes;
};

static void digest_text(EVP_MD_CTX *context, char out[DIGEST_TEXT_MAX])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	EVP_DigestFinal_ex(context, digest, &length);
	hex_format(digest, length, out);
}

static EVP_MD_CTX *digest_new(void)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
		EVP_MD_CTX_free(context);
		return NULL;
	}
	return context;
}

static int writer_prepare(struct file_writer *writer, const char *path, struct err *err)
{
	writer->fd = -1;
	if (snprintf(writer->path, sizeof(writer->path), "%s", path) >= (int)sizeof(writer->path))
		return err_set(err, ERR_LIMIT, "path \"%.80s...\" is too long", path);
	writer->zstd = ZSTD_createCCtx();
	writer->packed = digest_new();
	writer->content = digest_new();
	writer->out_size = ZSTD_CStreamOutSize();
	writer->out = malloc(writer->out_size);
	if (!writer->zstd || !writer->packed || !writer->content || !writer->out)
		return err_set(err, ERR_MEMORY, "out of memory");
	ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(writer->zstd, ZSTD_c_checksumFlag, 1);
	/* Left by a crash: nothing names it. */
	snprintf(writer->tmp, sizeof(writer->tmp), "%s.tmp", writer->path);
	unlink(writer->tmp);
	writer->fd = open(writer->tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (writer->fd < 0)
		return err_errno(err, ERR_FAILED, "could not create \"%s\"", writer->tmp);
	return 0;
}

int file_writer_open(const char *path, struct file_writer **ret, struct err *err)
{
	struct file_writer *writer = calloc(1, sizeof(*writer));

	if (!writer)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (writer_prepare(writer, path, err) < 0) {
		file_writer_close(writer);
		return err->code;
	}
	*ret = writer;
	return 0;
}

static int put(struct file_writer *writer, size_t length, struct err *err)
{
	if (fd_write_all(writer->fd, writer->out, length, err) < 0)
		return err_wrap(err, "\"%s\"", writer->path);
	EVP_DigestUpdate(writer->packed, writer->out, length);
	writer->bytes += (int64_t)length;
	return 0;
}

static int compress(struct file_writer *writer, ZSTD_inBuffer *in, ZSTD_EndDirective end, struct err *err)
{
	size_t left;

	do {
		ZSTD_outBuffer out = { writer->out, writer->out_size, 0 };

		left = ZSTD_compressStream2(writer->zstd, &out, in, end);
		if (ZSTD_isError(left))
			return err_set(err, ERR_FAILED, "could not compress: %s", ZSTD_getErrorName(left));
		if (put(writer, out.pos, err) < 0)
			return err->code;
	} while (end == ZSTD_e_end ? left : in->pos < in->size);
	return 0;
}

int file_writer_add(void *context, const void *data, size_t length, struct err *err)
{
	struct file_writer *writer = context;
	ZSTD_inBuffer in = { data, length, 0 };

	EVP_DigestUpdate(writer->content, data, length);
	return compress(writer, &in, ZSTD_e_continue, err);
}

static int sync_folder(const char *path, struct err *err)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	AUTO_FD int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, ERR_FAILED, "could not sync the folder of \"%s\"", path);
	return 0;
}

int file_writer_commit(struct file_writer *writer, struct archive_file *ret, struct err *err)
{
	ZSTD_inBuffer nothing = { NULL, 0, 0 };

	if (compress(writer, &nothing, ZSTD_e_end, err) < 0)
		return err->code;
	if (fsync(writer->fd) < 0)
		return err_errno(err, ERR_FAILED, "could not sync \"%s\"", writer->tmp);
	/* Whoever reads it next is to get what is on the disk. */
	posix_fadvise(writer->fd, 0, 0, POSIX_FADV_DONTNEED);
	if (rename(writer->tmp, writer->path) < 0)
		return err_errno(err, ERR_FAILED, "could not rename \"%s\"", writer->tmp);
	writer->tmp[0] = '\0';
	*ret = (struct archive_file){ .bytes = writer->bytes };
	digest_text(writer->packed, ret->sha256);
	digest_text(writer->content, ret->content);
	return sync_folder(writer->path, err);
}

void file_writer_close(struct file_writer *writer)
{
	if (!writer)
		return;
	if (writer->fd >= 0)
		close(writer->fd);
	if (writer->fd >= 0 && writer->tmp[0])
		unlink(writer->tmp);
	ZSTD_freeCCtx(writer->zstd);
	EVP_MD_CTX_free(writer->packed);
	EVP_MD_CTX_free(writer->content);
	free(writer->out);
	free(writer);
}

struct file_reader {
	int fd;
	char path[PATH_MAX];
	ZSTD_DCtx *zstd;
	EVP_MD_CTX *packed, *content;
	char *in, *out;
	size_t in_size, out_size;
	ZSTD_inBuffer input;
	int64_t bytes;
	size_t wanted; /* 0: the frame is at its end */
	bool has_ended;
};

int file_reader_open(const char *path, struct file_reader **ret, struct err *err)
{
	struct file_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return err_set(err, ERR_MEMORY, "out of memory");
	snprintf(reader->path, sizeof(reader->path), "%s", path);
	reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (reader->fd < 0) {
		err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "could not open \"%s\"", path);
		file_reader_close(reader);
		return err->code;
	}
	reader->zstd = ZSTD_createDCtx();
	reader->packed = digest_new();
	reader->content = digest_new();
	reader->in_size = ZSTD_DStreamInSize();
	reader->out_size = ZSTD_DStreamOutSize();
	reader->in = malloc(reader->in_size);
	reader->out = malloc(reader->out_size);
	reader->wanted = 1;
	if (!reader->zstd || !reader->packed || !reader->content || !reader->in || !reader->out) {
		file_reader_close(reader);
		return err_set(err, ERR_MEMORY, "out of memory");
	}
	ZSTD_DCtx_setParameter(reader->zstd, ZSTD_d_windowLogMax, READ_WINDOW_LOG);
	*ret = reader;
	return 0;
}

void file_reader_close(struct file_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	ZSTD_freeDCtx(reader->zstd);
	EVP_MD_CTX_free(reader->packed);
	EVP_MD_CTX_free(reader->content);
	free(reader->in);
	free(reader->out);
	free(reader);
}

/* Returns 0 at the end of the file. */
static int fill(struct file_reader *reader, struct err *err)
{
	ssize_t got;

	do
		got = read(reader->fd, reader->in, reader->in_size);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_errno(err, ERR_FAILED, "could not read \"%s\"", reader->path);
	EVP_DigestUpdate(reader->packed, reader->in, (size_t)got);
	reader->bytes += got;
	reader->input = (ZSTD_inBuffer){ reader->in, (size_t)got, 0 };
	return got > 0;
}

static int at_end(const struct file_reader *reader, struct err *err)
{
	if (reader->wanted)
		return err_set(err, ERR_SYNTAX, "\"%s\" is damaged: it ends after %" PRId64 " bytes, too soon",
			       reader->path, reader->bytes);
	return 0;
}

int file_reader_next(void *context, const void **ret_data, size_t *ret_length, struct err *err)
{
	struct file_reader *reader = context;

	for (;;) {
		ZSTD_outBuffer out = { reader->out, reader->out_size, 0 };

		if (reader->input.pos == reader->input.size && !reader->has_ended) {
			int got = fill(reader, err);

			if (got < 0)
				return got;
			reader->has_ended = got == 0;
		}
		/* The unpacker may hold back what the buffer had no room for. */
		if (reader->has_ended && reader->wanted == 0)
			return 0;
		reader->wanted = ZSTD_decompressStream(reader->zstd, &out, &reader->input);
		if (ZSTD_isError(reader->wanted))
			return err_set(err, ERR_SYNTAX, "\"%s\" is damaged: %s", reader->path,
				       ZSTD_getErrorName(reader->wanted));
		if (out.pos) {
			EVP_DigestUpdate(reader->content, out.dst, out.pos);
			*ret_data = out.dst;
			*ret_length = out.pos;
			return 1;
		}
		if (reader->has_ended)
			return at_end(reader, err);
	}
}

static int compare(struct file_reader *reader, const struct stream_check *check, const struct archive_file *expected,
		   struct err *err)
{
	char packed[DIGEST_TEXT_MAX], content[DIGEST_TEXT_MAX];

	digest_text(reader->packed, packed);
	digest_text(reader->content, content);
	if (stream_check_end(check, err) < 0)
		return err_wrap(err, "\"%s\" is damaged", reader->path);
	if (reader->bytes != expected->bytes || strcmp(packed, expected->sha256) != 0)
		return err_set(err, ERR_SYNTAX,
			       "\"%s\" is damaged: %" PRId64 " bytes with SHA-256 %.16s, but %" PRId64
			       " with %.16s were written",
			       reader->path, reader->bytes, packed, expected->bytes, expected->sha256);
	if ((int64_t)check->rows != expected->rows || strcmp(content, expected->content) != 0)
		return err_set(err, ERR_SYNTAX, "\"%s\" has %" PRIu64 " rows, but %" PRId64 " were written",
			       reader->path, check->rows, expected->rows);
	return 0;
}

int archive_file_check(const char *path, const struct archive_file *expected, const struct halt *halt,
		       struct err *err)
{
	struct stream_check check = { 0 };
	struct file_reader *reader;
	const void *data;
	size_t length;
	int code;

	if (file_reader_open(path, &reader, err) < 0)
		return err->code;
	while ((code = file_reader_next(reader, &data, &length, err)) > 0) {
		code = stream_check_feed(&check, data, length, err);
		if (code < 0) {
			err_wrap(err, "\"%s\" is damaged", path);
			break;
		}
		code = halt_check(halt, err);
		if (code < 0)
			break;
	}
	if (code == 0)
		code = compare(reader, &check, expected, err);
	file_reader_close(reader);
	return code;
}
