#include "agent/proc/path.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/proc/proc.h"
#include "base/attr.h"

void path_normalize(char *path)
{
	char *out = path;

	for (const char *in = path; *in;) {
		size_t length;

		while (*in == '/')
			in++;
		length = strcspn(in, "/");
		if (length == 2 && in[0] == '.' && in[1] == '.') {
			while (out > path && *--out != '/')
				;
		} else if (length && !(length == 1 && in[0] == '.')) {
			*out++ = '/';
			memmove(out, in, length);
			out += length;
		}
		in += length;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

bool path_join(const char *base, const char *path, char out[PATH_MAX])
{
	int length =
		*path == '/' ? snprintf(out, PATH_MAX, "%s", path) : snprintf(out, PATH_MAX, "%s/%s", base, path);

	return length >= 0 && length < PATH_MAX;
}

const char *path_filename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Folder that relative paths of (tid, dirfd) start from. */
static bool base_folder(pid_t tid, int dirfd, char out[PATH_MAX])
{
	char name[32] = "cwd";

	if (dirfd != AT_FDCWD)
		snprintf(name, sizeof(name), "fd/%d", dirfd);
	return proc_link(tid, name, out) && *out == '/';
}

static int open_in_root_with(pid_t tid, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | resolve };
	char name[64];
	AUTO_FD int root = -1;

	snprintf(name, sizeof(name), "/proc/%d/root", tid);
	root = open(name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -1;
	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

static int open_in_root(pid_t tid, const char *path, uint64_t flags)
{
	return open_in_root_with(tid, path, flags, RESOLVE_NO_MAGICLINKS);
}

static bool folder_text(pid_t tid, int folder, char out[PATH_MAX])
{
	char link[64];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	return proc_link_at(tid, link, out);
}

bool path_real(pid_t tid, int dirfd, const char *path, struct real_path *ret)
{
	char base[PATH_MAX] = "", joined[PATH_MAX], folder_path[PATH_MAX];
	struct stat status;
	AUTO_FD int folder = -1, file = -1;
	char *last;

	if (*path != '/' && !base_folder(tid, dirfd, base))
		return false;
	if (!path_join(base, path, joined))
		return false;
	for (size_t end = strlen(joined); end > 1 && joined[end - 1] == '/'; end--)
		joined[end - 1] = '\0';
	last = strrchr(joined, '/') + 1;
	if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0) /* names a folder, not an entry of one */
		return false;
	file = open_in_root(tid, joined, O_PATH);
	ret->exists = file >= 0 && fstat(file, &status) == 0;
	last[-1] = '\0';
	folder = open_in_root(tid, *joined ? joined : "/", O_PATH | O_DIRECTORY);
	if (folder < 0 || !folder_text(tid, folder, folder_path))
		return false;
	return path_join(strcmp(folder_path, "/") == 0 ? "" : folder_path, last, ret->text);
}

bool path_is_plain(pid_t tid, const char *path)
{
	const char *last = strrchr(path, '/');
	char folder[PATH_MAX];
	AUTO_FD int fd = -1;

	if (!last || last - path >= PATH_MAX)
		return false;
	memcpy(folder, path, (size_t)(last - path));
	folder[last - path] = '\0';
	fd = open_in_root_with(tid, *folder ? folder : "/", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	return fd >= 0;
}

bool path_absolute(pid_t tid, int dirfd, const char *path, const char *cwd, char out[PATH_MAX])
{
	char base[PATH_MAX] = "";

	if (*path != '/' && !base_folder(tid, dirfd, base)) {
		if (dirfd != AT_FDCWD || !cwd)
			return false;
		snprintf(base, sizeof(base), "%s", cwd);
	}
	if (!path_join(base, path, out))
		return false;
	path_normalize(out);
	return true;
}

int path_open_in_root(pid_t tid, const char *path)
{
	struct stat status;
	/* A container may have put a pipe or a device in place of the file. */
	int fd = open_in_root(tid, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)))
		close_fd(&fd);
	return fd;
}
