#include "cli/collector.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/file.h"
#include "text/escape.h"

#define PID_TEXT_MAX 16
#define COMM_MAX     32

static const char program_name[] = "seccollector";

/* The collector holds a lock on its pid file as long as it lives. */
static bool is_locked(int fd)
{
	if (flock(fd, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	flock(fd, LOCK_UN);
	return false;
}

static bool is_collector(pid_t pid)
{
	char path[64], comm[COMM_MAX] = "";
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, comm, sizeof(comm) - 1);
	return length > 0 && strncmp(comm, program_name, sizeof(program_name) - 1) == 0;
}

int collector_open(const char *state, pid_t *ret_pid, struct err *err)
{
	char path[STATE_PATH_MAX], text[PID_TEXT_MAX] = "";
	long pid;

	if (state_path(state, STATE_PID, path, err) < 0)
		return err->code;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(err, errno == EACCES ? ERR_DENIED : ERR_FAILED, "could not open \"%s\"", path);
	if (!is_locked(fd) || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	pid = strtol(text, NULL, 10);
	if (pid <= 1)
		return 0;
	/* The handle is taken first: from here on the number cannot come to mean another process. */
	AUTO_FD int handle = pidfd_open((pid_t)pid, 0);
	if (handle < 0 || !is_collector((pid_t)pid))
		return 0;
	*ret_pid = (pid_t)pid;
	return fcntl(handle, F_DUPFD_CLOEXEC, 3); /* above 0, which means none */
}

static bool is_program(const char *path)
{
	return access(path, X_OK) == 0;
}

static int find_in_path(const char *name, char out[STATE_PATH_MAX], struct err *err)
{
	const char *path = getenv("PATH");
	AUTO_FREE char *copy = strdup(path ? path : "/usr/bin:/bin");
	char *rest = NULL;

	for (char *folder = copy ? strtok_r(copy, ":", &rest) : NULL; folder; folder = strtok_r(NULL, ":", &rest)) {
		if (state_path(folder, name, out, err) == 0 && is_program(out))
			return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "could not find the program %s beside secctl or in PATH", name);
}

int collector_program(const char *name, char out[STATE_PATH_MAX], struct err *err)
{
	char self[STATE_PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[length > 0 ? length : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash) {
		*slash = '\0';
		if (state_path(self, name, out, err) == 0 && is_program(out))
			return 0;
	}
	return find_in_path(name, out, err);
}

bool collector_log_line(const char *line, size_t length, struct strbuf *out, bool *ret_is_error)
{
	static const char prefix[] = "seccollector: "; /* what it says when it ends because of an error */
	AUTO_FREE char *copy = strndup(line, length);
	char *text = copy, *colon;
	bool is_logged = length > 20 && line[4] == '-' && line[10] == 'T';

	*ret_is_error = false;
	if (!copy || !length)
		return false;
	if (is_logged) {
		*ret_is_error = strstr(copy, " error ") != NULL;
		colon = strstr(copy, ": ");
		text = colon ? colon + 2 : copy;
	} else if (strncmp(copy, prefix, sizeof(prefix) - 1) == 0) {
		*ret_is_error = true;
		text = copy + sizeof(prefix) - 1;
	}
	escape_adds(out, text);
	return true;
}
