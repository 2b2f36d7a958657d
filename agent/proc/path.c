#include "agent/proc/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/proc/name.h"
#include "agent/proc/proc.h"
#include "agent/proc/turn.h"
#include "base/attr.h"

void path_normalize(char *path)
{
	char *out = path;

	for (const char *in = path; *in;) {
		size_t length;

		while (*in == '/')
			in++;
		length = (size_t)(strchrnul(in, '/') - in);
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
	size_t length = strlen(path), start = *path == '/' ? 0 : strlen(base) + 1;

	if (start + length >= PATH_MAX)
		return false;
	memmove(out + start, path, length + 1);
	if (start > 0) {
		memmove(out, base, start - 1);
		out[start - 1] = '/';
	}
	return true;
}

const char *path_filename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Folder that relative paths of (tid, dirfd) start from. */
static bool base_folder(pid_t tid, int dirfd, const char *root, char out[PATH_MAX])
{
	char link[PROC_FILE_NAME_MAX];

	if (dirfd < 0 && dirfd != AT_FDCWD)
		return false;
	if (dirfd == AT_FDCWD)
		proc_file_name(link, tid, "cwd");
	else
		proc_fd_name(link, tid, dirfd);
	return proc_link_below(root, link, out) && *out == '/';
}

int path_open_root(pid_t tid)
{
	char name[PROC_FILE_NAME_MAX];
	struct turn *turn = turn_pause();
	int fd = open(proc_file_name(name, tid, "root"), O_PATH | O_DIRECTORY | O_CLOEXEC);

	turn_resume(turn);
	return fd;
}

static int open_below_with(int root, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS | resolve };
	struct turn *turn = turn_pause();
	int fd = (int)syscall(SYS_openat2, root, path, &how, sizeof(how)), problem = errno;

	turn_resume(turn);
	errno = problem;
	return fd;
}

static int open_below(int root, const char *path, uint64_t flags)
{
	return open_below_with(root, path, flags, 0);
}

/* Cuts path into its folder and the last part; NULL if the path names a folder rather than an entry of one. */
static char *split_last(char *path)
{
	char *last;

	for (size_t end = strlen(path); end > 1 && path[end - 1] == '/'; end--)
		path[end - 1] = '\0';
	last = strrchr(path, '/') + 1;
	last[-1] = '\0';
	return !*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0 ? NULL : last;
}

bool path_real_below(int root, const char *root_path, pid_t tid, int dirfd, const char *path, char out[PATH_MAX])
{
	char base[PATH_MAX], joined[PATH_MAX], folder_path[PATH_MAX], link[64];
	AUTO_FD int folder = -1;
	const char *last;

	base[0] = '\0';
	if ((*path != '/' && !base_folder(tid, dirfd, root_path, base)) || !path_join(base, path, joined) ||
	    !(last = split_last(joined)))
		return false;
	/* Without links on the way, which is the rule, the text itself is the answer. */
	folder = open_below_with(root, *joined ? joined : "/", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	if (folder >= 0) {
		if (!path_join(joined, last, out))
			return false;
		path_normalize(out);
		return true;
	}
	folder = open_below(root, joined, O_PATH | O_DIRECTORY);
	if (folder < 0)
		return false;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	return proc_link_below(root_path, link, folder_path) &&
	       path_join(strcmp(folder_path, "/") == 0 ? "" : folder_path, last, out);
}

bool path_real(pid_t tid, int dirfd, const char *path, char out[PATH_MAX])
{
	char root_path[PATH_MAX];
	AUTO_FD int root = proc_root(tid, root_path) ? path_open_root(tid) : -1;

	return root >= 0 && path_real_below(root, root_path, tid, dirfd, path, out);
}

bool path_is_plain(pid_t tid, const char *path)
{
	const char *last = strrchr(path, '/');
	char folder[PATH_MAX];
	AUTO_FD int root = -1, fd = -1;

	if (!last || last - path >= PATH_MAX)
		return false;
	memcpy(folder, path, (size_t)(last - path));
	folder[last - path] = '\0';
	root = path_open_root(tid);
	if (root >= 0)
		fd = open_below_with(root, *folder ? folder : "/", O_PATH | O_DIRECTORY, RESOLVE_NO_SYMLINKS);
	return fd >= 0;
}

bool path_exists_below(int root, const char *root_path, pid_t tid, int dirfd, const char *path, bool *ret_known)
{
	char base[PATH_MAX], joined[PATH_MAX];
	AUTO_FD int file = -1;

	*ret_known = false;
	base[0] = '\0';
	if ((*path != '/' && !base_folder(tid, dirfd, root_path, base)) || !path_join(base, path, joined))
		return false;
	file = open_below(root, joined, O_PATH);
	*ret_known = file >= 0 || errno == ENOENT;
	return file >= 0;
}

bool path_absolute(pid_t tid, int dirfd, const char *path, const char *cwd, char out[PATH_MAX])
{
	char base[PATH_MAX], root[PATH_MAX];

	base[0] = '\0';
	if (*path != '/' && (!proc_root(tid, root) || !base_folder(tid, dirfd, root, base))) {
		if (dirfd != AT_FDCWD || !cwd)
			return false;
		snprintf(base, sizeof(base), "%s", cwd);
	}
	if (!path_join(base, path, out))
		return false;
	path_normalize(out);
	return true;
}

int path_open_node_in_root(pid_t tid, const char *path)
{
	AUTO_FD int root = path_open_root(tid);

	return root < 0 ? -1 : open_below(root, path, O_PATH);
}

int path_open_in_root(pid_t tid, const char *path)
{
	struct stat status;
	AUTO_FD int root = path_open_root(tid);
	/* A container may have put a pipe or a device in place of the file. */
	int fd = root < 0 ? -1 : open_below(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	struct turn *turn = turn_pause();

	if (fd >= 0 && (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)))
		close_fd(&fd);
	turn_resume(turn);
	return fd;
}
