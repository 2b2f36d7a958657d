#include "cloudtrail/source/finished.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "cloudtrail/source/seen.h"

#define MARK_SIZE     SEEN_DIGEST_SIZE
#define LINE_SIZE     (2 * MARK_SIZE + 1)
#define FILE_SIZE_MAX (4ull * SEEN_MAX * LINE_SIZE)
#define FILE_MODE     0600

struct finished {
	int fd;
	char *path;
	struct seen *marks;
	struct strbuf pending; /* lines not written yet */
};

static void mark_of(const struct walk_file *file, unsigned char mark[MARK_SIZE])
{
	AUTO_STRBUF key = STRBUF_INIT;

	strbuf_addf(&key, "%lld %lld %s", (long long)file->size, (long long)file->modified_ns, file->path);
	seen_digest(key.data, key.length, mark);
}

static void load(struct finished *finished, const struct strbuf *text)
{
	for (size_t at = 0; at + LINE_SIZE <= text->length; at += LINE_SIZE) {
		unsigned char mark[MARK_SIZE];
		char line[LINE_SIZE];

		memcpy(line, text->data + at, LINE_SIZE);
		line[LINE_SIZE - 1] = '\0';
		if (hex_parse(line, mark, sizeof(mark), NULL) == 0)
			seen_before_digest(finished->marks, mark);
	}
}

/* A torn line is cut off; of a file that has grown too long the older half goes. */
static int tidy(const char *path, struct strbuf *text, struct err *err)
{
	size_t keep = text->length - text->length % LINE_SIZE, from = 0;

	if (keep / LINE_SIZE > 2 * (size_t)SEEN_MAX)
		from = (keep / LINE_SIZE - SEEN_MAX) * LINE_SIZE;
	if (keep == text->length && !from)
		return 0;
	return file_write_atomic(path, text->data + from, keep - from, FILE_MODE, err);
}

int finished_open(const char *path, struct finished **ret, struct err *err)
{
	AUTO_FINISHED finished = calloc(1, sizeof(*finished));
	AUTO_STRBUF text = { 0 };

	if (!finished)
		return err_set(err, ERR_MEMORY, "out of memory");
	finished->fd = -1;
	strbuf_init(&finished->pending, STRBUF_MAX_DEFAULT);
	strbuf_init(&text, FILE_SIZE_MAX);
	finished->marks = seen_new();
	finished->path = strdup(path);
	if (!finished->marks || !finished->path)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (file_exists(path) && file_read(path, FILE_SIZE_MAX, &text, err) < 0)
		return err->code;
	load(finished, &text);
	if (tidy(path, &text, err) < 0)
		return err->code;
	finished->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, FILE_MODE);
	if (finished->fd < 0)
		return err_errno(err, ERR_FAILED, "could not open \"%s\"", path);
	*ret = TAKE(finished);
	return 0;
}

void finished_close(struct finished *finished)
{
	if (!finished)
		return;
	close_fd(&finished->fd);
	free(finished->path);
	seen_free(finished->marks);
	strbuf_fini(&finished->pending);
	free(finished);
}

void finished_close_pointer(struct finished **finished)
{
	finished_close(*finished);
	*finished = NULL;
}

bool finished_has(const struct finished *finished, const struct walk_file *file)
{
	unsigned char mark[MARK_SIZE];

	mark_of(file, mark);
	return seen_has_digest(finished->marks, mark);
}

int finished_add(struct finished *finished, const struct walk_file *file, struct err *err)
{
	unsigned char mark[MARK_SIZE];
	char line[LINE_SIZE + 1];

	mark_of(file, mark);
	if (seen_before_digest(finished->marks, mark))
		return 0;
	hex_format(mark, sizeof(mark), line);
	strbuf_adds(&finished->pending, line);
	strbuf_addc(&finished->pending, '\n');
	return finished->pending.failed ? err_set(err, ERR_MEMORY, "out of memory") : 0;
}

int finished_save(struct finished *finished, struct err *err)
{
	if (!finished->pending.length)
		return 0;
	if (fd_write_all(finished->fd, finished->pending.data, finished->pending.length, err) < 0)
		return err_wrap(err, "could not write \"%s\"", finished->path);
	if (fdatasync(finished->fd) < 0)
		return err_errno(err, ERR_FAILED, "could not write \"%s\"", finished->path);
	strbuf_clear(&finished->pending);
	return 0;
}
