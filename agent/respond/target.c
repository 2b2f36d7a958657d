#include "agent/respond/target.h"

#include <dirent.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/proc/proc.h"
#include "base/time.h"

#define TICK_NS	      (10 * NS_PER_MS) /* of the start times in /proc */
#define NAMESPACE_MAX 64

int target_hold(pid_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool target_signal(int pidfd, int signal)
{
	return syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0) == 0;
}

bool target_has_ended(int pidfd)
{
	struct pollfd fd = { pidfd, POLLIN, 0 };

	return poll(&fd, 1, 0) == 1;
}

static bool runs_program_of(pid_t pid, const struct execution *execution)
{
	char path[PATH_MAX];

	return execution->view.exe_path && proc_link(pid, "exe", path) && strcmp(path, execution->view.exe_path) == 0;
}

int target_open(const struct sensor_event *event, const struct execution *execution, const char **ret_reason)
{
	/* First the descriptor: whatever /proc says afterwards is about this process, or about one that began later. */
	int pidfd = target_hold(event->pid);
	struct proc_stat stat;

	*ret_reason = "the process has ended";
	if (pidfd < 0)
		return -1;
	if (proc_stat_read(event->pid, &stat)) {
		if (stat.start_ns + TICK_NS < event->time_ns)
			return pidfd;
		if (stat.start_ns - TICK_NS < event->time_ns && runs_program_of(event->pid, execution))
			return pidfd;
		*ret_reason = "its number may belong to another process by now";
	}
	close(pidfd);
	return -1;
}

static bool read_namespace(pid_t pid, char out[NAMESPACE_MAX])
{
	char link[64];
	ssize_t length;

	snprintf(link, sizeof(link), "/proc/%d/ns/pid", pid);
	length = readlink(link, out, NAMESPACE_MAX - 1);
	out[length < 0 ? 0 : length] = '\0';
	return length > 0;
}

pid_t target_namespace_first(pid_t pid)
{
	char wanted[NAMESPACE_MAX], name[NAMESPACE_MAX];
	DIR *folder;
	pid_t found = 0;

	if (!read_namespace(pid, wanted) || !read_namespace(getpid(), name) || strcmp(name, wanted) == 0)
		return 0;
	folder = opendir("/proc");
	for (const struct dirent *entry; folder && !found && (entry = readdir(folder));) {
		pid_t candidate = (pid_t)strtol(entry->d_name, NULL, 10);
		struct proc_status status;

		if (candidate > 0 && proc_status_read(candidate, &status) && status.vpid == 1 &&
		    read_namespace(candidate, name) && strcmp(name, wanted) == 0)
			found = candidate;
	}
	if (folder)
		closedir(folder);
	return found;
}
