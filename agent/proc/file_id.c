#include "agent/proc/file_id.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc/name.h"
#include "agent/proc/path.h"
#include "agent/proc/turn.h"
#include "base/attr.h"
#include "base/time.h"

#define WANTED (STATX_TYPE | STATX_MODE | STATX_INO | STATX_CTIME | STATX_MTIME | STATX_BTIME)

bool file_id_equal(const struct file_id *left, const struct file_id *right)
{
	return left->inode == right->inode && left->device == right->device && left->born_ns == right->born_ns;
}

static int64_t time_of(const struct statx_timestamp *time)
{
	return time->tv_sec * NS_PER_S + time->tv_nsec;
}

static bool read_facts(int folder, const char *path, int flags, struct file_facts *ret)
{
	struct statx status;
	struct turn *turn = turn_pause();
	int code = statx(folder, path, flags | AT_STATX_DONT_SYNC, WANTED, &status);

	turn_resume(turn);
	if (code < 0)
		return false;
	*ret = (struct file_facts){
		.id = { (uint64_t)status.stx_dev_major << 32 | status.stx_dev_minor, status.stx_ino,
			status.stx_mask & STATX_BTIME ? time_of(&status.stx_btime) : 0 },
		.mode = status.stx_mode,
		.changed_ns = time_of(&status.stx_ctime),
		.modified_ns = time_of(&status.stx_mtime),
	};
	return true;
}

bool file_facts_of(pid_t pid, const char *name, struct file_facts *ret)
{
	char path[PROC_FILE_NAME_MAX];

	return read_facts(AT_FDCWD, proc_file_name(path, pid, name), 0, ret);
}

bool file_facts_of_fd(pid_t tid, int fd, struct file_facts *ret)
{
	char path[PROC_FILE_NAME_MAX];

	return fd >= 0 && read_facts(AT_FDCWD, proc_fd_name(path, tid, fd), 0, ret);
}

bool file_facts_at(pid_t pid, const char *path, struct file_facts *ret)
{
	AUTO_FD int fd = path_open_node_in_root(pid, path);

	return fd >= 0 && read_facts(fd, "", AT_EMPTY_PATH, ret);
}

bool file_facts_at_real(pid_t pid, const char *path, struct file_facts *ret)
{
	char below[PATH_MAX];

	return (size_t)snprintf(below, sizeof(below), "/proc/%d/root%s", pid, path) < sizeof(below) &&
	       read_facts(AT_FDCWD, below, AT_SYMLINK_NOFOLLOW, ret);
}
