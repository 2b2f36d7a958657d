#include "agent/resolve.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc/proc.h"

/* A process through which names mean what they meant to the one of the event; 0 if there is none. */
static pid_t witness(const struct sensor_event *event, uint32_t own_namespace)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", event->tid);
	/* a number that was given away again has other mounts, most likely */
	if (stat(path, &status) == 0 && status.st_ino == event->mount_namespace)
		return event->tid;
	return event->mount_namespace == own_namespace ? getpid() : 0;
}

static const char *real_of(pid_t pid, const char *folder, const char *path, struct real_path *ret)
{
	char joined[PATH_MAX];

	if (!path || (*path != '/' && !folder) || !path_join(folder ? folder : "", path, joined))
		return NULL;
	if (path_is_plain(pid, joined) || !path_real(pid, AT_FDCWD, joined, ret))
		return NULL;
	return ret->text;
}

static bool has_second_path(enum sensor_call call)
{
	return sensor_call_in(call, SENSOR_RENAME_CALLS | SENSOR_LINK_CALLS);
}

const struct sensor_event *resolve(const struct sensor_event *event, uint32_t own_namespace,
				   struct resolved *resolved)
{
	pid_t pid;

	if (!event->path || event->real_path || sensor_call_in(event->call, SENSOR_EXEC_CALLS))
		return event;
	pid = witness(event, own_namespace);
	if (!pid)
		return event;
	resolved->event = *event;
	resolved->event.real_path = real_of(pid, event->folder, event->path, &resolved->path);
	if (has_second_path(event->call))
		resolved->event.real_path2 = real_of(pid, event->folder2, event->path2, &resolved->path2);
	return &resolved->event;
}
