#include "agent/resolve.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc/proc.h"
#include "base/time.h"

/* Events are this old anyway when they arrive, so what was looked at meanwhile is as good as looking again. */
#define PLAIN_NS (10 * NS_PER_MS)

/* 0 if there is no such process, or it may not be asked. */
static uint32_t mount_namespace_of(pid_t pid)
{
	char path[64];
	struct stat status;

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", pid);
	return stat(path, &status) == 0 ? (uint32_t)status.st_ino : 0;
}

/* A process through which names mean what they meant to the one of the event; 0 if there is none. */
static pid_t witness(const struct resolver *resolver)
{
	const struct sensor_event *event = &resolver->event;

	if (!event->mount_namespace)
		return 0;
	/* a number that was given away again has other mounts, or the same, and then it does as well */
	if (mount_namespace_of(event->tid) == event->mount_namespace)
		return event->tid;
	if (event->mount_namespace == resolver->first_namespace)
		return 1;
	return event->mount_namespace == resolver->own_namespace ? getpid() : 0;
}

static struct plain_folder *slot_of(struct resolver *resolver, const char *folder, size_t length)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (uint8_t)folder[i]) * 16777619u;
	return &resolver->plain[hash % PLAIN_FOLDERS];
}

static bool is_known_plain(const struct plain_folder *slot, uint32_t mount_namespace, const char *folder,
			   size_t length)
{
	return slot->mount_namespace == mount_namespace && slot->length == length &&
	       memcmp(slot->text, folder, length) == 0 && time_monotonic_ns() - slot->looked_ns < PLAIN_NS;
}

static void keep_plain(struct plain_folder *slot, uint32_t mount_namespace, const char *folder, size_t length)
{
	if (length > sizeof(slot->text))
		return;
	slot->mount_namespace = mount_namespace;
	slot->length = length;
	slot->looked_ns = time_monotonic_ns();
	memcpy(slot->text, folder, length);
}

/* One of the event's paths, as asked for; NULL where its text is its real path, or nobody can say. */
static const char *real_of(struct resolver *resolver, const char *folder, const char *path, char out[PATH_MAX])
{
	const struct sensor_event *event = &resolver->event;
	char joined[PATH_MAX];
	struct plain_folder *slot;
	size_t length;
	pid_t pid;

	if (!path || (*path != '/' && !folder) || !path_join(folder ? folder : "", path, joined))
		return NULL;
	length = (size_t)(strrchr(joined, '/') - joined);
	slot = slot_of(resolver, joined, length);
	if (is_known_plain(slot, event->mount_namespace, joined, length))
		return NULL;
	pid = witness(resolver);
	if (!pid)
		return NULL;
	if (path_is_plain(pid, joined)) {
		keep_plain(slot, event->mount_namespace, joined, length);
		return NULL;
	}
	return path_real(pid, AT_FDCWD, joined, out) ? out : NULL;
}

static bool has_second_path(enum sensor_call call)
{
	return sensor_call_in(call, SENSOR_RENAME_CALLS | SENSOR_LINK_CALLS);
}

void resolver_init(struct resolver *resolver)
{
	memset(resolver, 0, sizeof(*resolver));
	resolver->own_namespace = mount_namespace_of(getpid());
	resolver->first_namespace = mount_namespace_of(1);
}

const struct sensor_event *resolver_handle(struct resolver *resolver, const struct sensor_event *event)
{
	if (!event->path || event->real_path || sensor_call_in(event->call, SENSOR_EXEC_CALLS))
		return event;
	resolver->event = *event;
	resolver->event.real_path = real_of(resolver, event->folder, event->path, resolver->path);
	if (has_second_path(event->call))
		resolver->event.real_path2 = real_of(resolver, event->folder2, event->path2, resolver->path2);
	return &resolver->event;
}
