#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define READ_STEP (64u << 10)

int file_read(const char *path, size_t max, struct strbuf *buf, struct err *err)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t start = buf->length;

	if (fd < 0)
		return err_errno(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_FAILED, "could not open \"%s\"", path);
	for (;;) {
		char *target = strbuf_reserve(buf, READ_STEP);
		ssize_t got;

		if (!target)
			return err_set(err, ERR_LIMIT, "could not hold \"%s\" in memory", path);
		got = read(fd, target, READ_STEP);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(err, ERR_FAILED, "could not read \"%s\"", path);
		if (got == 0)
			return 0;
		strbuf_grown(buf, (size_t)got);
		if (buf->length - start > max)
			return err_set(err, ERR_LIMIT, "\"%s\" is larger than %zu bytes", path, max);
	}
}

int fd_write_all(int fd, const void *data, size_t length, struct err *err)
{
	const char *cursor = data;

	while (length) {
		ssize_t done = write(fd, cursor, length);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_errno(err, ERR_FAILED, "could not write");
		cursor += done;
		length -= (size_t)done;
	}
	return 0;
}

static int sync_folder_of(const char *path, struct err *err)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	AUTO_FD int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return err_errno(err, ERR_FAILED, "could not sync the folder of \"%s\"", path);
	return 0;
}

int file_write_atomic(const char *path, const void *data, size_t length, mode_t mode, struct err *err)
{
	char tmp[PATH_MAX];
	int code;

	if (snprintf(tmp, sizeof(tmp), "%s.tmp", path) >= (int)sizeof(tmp))
		return err_set(err, ERR_LIMIT, "path \"%.80s...\" is too long", path);
	/* Left by a crash, or put there by somebody else, who must not be written through. */
	unlink(tmp);
	{
		AUTO_FD int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

		if (fd < 0)
			return err_errno(err, ERR_FAILED, "could not create \"%s\"", tmp);
		code = fd_write_all(fd, data, length, err);
		if (code == 0 && fsync(fd) < 0)
			code = err_errno(err, ERR_FAILED, "could not sync \"%s\"", tmp);
	}
	if (code == 0 && rename(tmp, path) < 0)
		code = err_errno(err, ERR_FAILED, "could not rename \"%s\" to \"%s\"", tmp, path);
	if (code < 0) {
		unlink(tmp);
		return err_wrap(err, "could not write \"%s\"", path);
	}
	return sync_folder_of(path, err);
}

int folder_create(const char *path, mode_t mode, struct err *err)
{
	char copy[PATH_MAX];
	struct stat st;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
		return err_set(err, ERR_LIMIT, "path \"%.80s...\" is too long", path);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return err_errno(err, ERR_FAILED, "could not create folder \"%s\"", copy);
		*slash = '/';
	}
	if (mkdir(copy, mode) == 0)
		return 0;
	if (errno == EEXIST && stat(copy, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	return err_errno(err, ERR_FAILED, "could not create folder \"%s\"", path);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}
