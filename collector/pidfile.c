#include "collector/pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "conf/state.h"

static int report_other(int fd, const char *folder, struct err *err)
{
	char pid[16] = "";
	ssize_t length = pread(fd, pid, sizeof(pid) - 1, 0);

	pid[length > 0 ? length : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return err_set(err, ERR_FAILED, "a collector already runs on state folder \"%s\" (process %s)", folder,
		       *pid ? pid : "unknown");
}

int pidfile_open(const char *folder, int *ret_fd, struct err *err)
{
	char path[STATE_PATH_MAX], text[16];

	if (state_path(folder, STATE_PID, path, err) < 0)
		return err->code;
	AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return err_errno(err, ERR_FAILED, "could not open \"%s\"", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			return report_other(fd, folder, err);
		return err_errno(err, ERR_FAILED, "could not lock \"%s\"", path);
	}
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || fd_write_all(fd, text, strlen(text), err) < 0)
		return err_errno(err, ERR_FAILED, "could not write \"%s\"", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

void pidfile_close(const char *folder, int fd)
{
	char path[STATE_PATH_MAX];

	if (fd < 0)
		return;
	if (state_path(folder, STATE_PID, path, NULL) == 0)
		unlink(path);
	close(fd);
}
