#include "agent/sensor/net/owners.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/time.h"

#define HINTS_MAX     16   /* places tried first */
#define RECENT_MAX    32   /* processes tried first */
#define PROCESSES_MAX 8192 /* looked at in one go */
#define FDS_MAX	      65536
#define NAMESPACE_MAX 64
#define REST_FACTOR   9		       /* looking rests for so many times as long as it took */
#define BURST_NS      (50 * NS_PER_MS) /* and may run into debt by so much */

struct hint {
	pid_t pid;
	int fd;
};

struct owners {
	struct hint hints[HINTS_MAX]; /* newest first */
	pid_t recent[RECENT_MAX];     /* newest first */
	int64_t debt_ns, paid_ns;
	char namespace[NAMESPACE_MAX]; /* the own one's name; "" = not known, everybody is looked at */
	pid_t processes[PROCESSES_MAX];
};

struct search {
	struct socket_owner *sockets;
	size_t count, missing;
	bool wants_all;
};

static void read_namespace(const char *path, char out[NAMESPACE_MAX])
{
	ssize_t length = readlink(path, out, NAMESPACE_MAX - 1);

	out[length > 0 ? length : 0] = '\0';
}

struct owners *owners_new(void)
{
	struct owners *owners = calloc(1, sizeof(struct owners));

	/* of this thread, not of the process: a thread can have moved alone */
	if (owners)
		read_namespace("/proc/thread-self/ns/net", owners->namespace);
	return owners;
}

void owners_free(struct owners *owners)
{
	free(owners);
}

/* Inode of "socket:[123]"; 0 for anything else. */
static uint64_t socket_inode(int folder, const char *name)
{
	char target[64];
	ssize_t length = readlinkat(folder, name, target, sizeof(target) - 1);

	if (length < 9 || memcmp(target, "socket:[", 8) != 0)
		return 0;
	target[length] = '\0';
	return strtoull(target + 8, NULL, 10);
}

static void remember(struct owners *owners, pid_t pid, int fd)
{
	size_t at = 0;

	while (at < HINTS_MAX - 1 && (owners->hints[at].pid != pid || owners->hints[at].fd != fd))
		at++;
	memmove(owners->hints + 1, owners->hints, at * sizeof(owners->hints[0]));
	owners->hints[0] = (struct hint){ pid, fd };
	for (at = 0; at < RECENT_MAX - 1 && owners->recent[at] != pid;)
		at++;
	memmove(owners->recent + 1, owners->recent, at * sizeof(owners->recent[0]));
	owners->recent[0] = pid;
}

/*
 * pid has inode open as fd. A place where a socket lies that is newer than all that are sought is worth another look later, when the
 * ones sought were closed before they were found.
 */
static void note(struct owners *owners, struct search *search, uint64_t inode, pid_t pid, int fd)
{
	bool is_newer = true;

	for (size_t i = 0; i < search->count; i++) {
		struct socket_owner *socket = &search->sockets[i];

		is_newer = is_newer && inode > socket->inode;
		if (socket->inode != inode)
			continue;
		if (!socket->pid) {
			socket->pid = pid;
			socket->fd = fd;
			search->missing--;
			remember(owners, pid, fd);
		} else if (socket->pid != pid) {
			socket->is_shared = true;
		}
	}
	if (is_newer)
		remember(owners, pid, fd);
}

static void try_hints(struct owners *owners, struct search *search)
{
	struct hint hints[HINTS_MAX];
	char path[64];

	memcpy(hints, owners->hints, sizeof(hints));
	for (size_t i = 0; i < HINTS_MAX && hints[i].pid && search->missing; i++) {
		uint64_t inode;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d", hints[i].pid, hints[i].fd);
		inode = socket_inode(AT_FDCWD, path);
		if (inode)
			note(owners, search, inode, hints[i].pid, hints[i].fd);
	}
}

/* Sockets of a network namespace are held by its processes; one handed into another namespace is not found. */
static bool is_here(const struct owners *owners, pid_t pid)
{
	char path[32], namespace[NAMESPACE_MAX];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	read_namespace(path, namespace);
	return !owners->namespace[0] || strcmp(namespace, owners->namespace) == 0;
}

static void look_at(struct owners *owners, struct search *search, pid_t pid)
{
	char path[32];
	DIR *folder;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	for (const struct dirent *entry; folder && (entry = readdir(folder)) && count < FDS_MAX; count++) {
		uint64_t inode = entry->d_name[0] == '.' ? 0 : socket_inode(dirfd(folder), entry->d_name);

		if (inode)
			note(owners, search, inode, pid, atoi(entry->d_name));
		if (!search->missing && !search->wants_all)
			break;
	}
	if (folder)
		closedir(folder);
}

static bool is_among(const pid_t *pids, pid_t pid)
{
	for (size_t i = 0; i < RECENT_MAX && pids[i]; i++) {
		if (pids[i] == pid)
			return true;
	}
	return false;
}

/* All processes; the newest last. */
static size_t list_processes(struct owners *owners)
{
	DIR *folder = opendir("/proc");
	size_t count = 0;

	for (const struct dirent *entry; folder && (entry = readdir(folder)) && count < PROCESSES_MAX;) {
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			owners->processes[count++] = atoi(entry->d_name);
	}
	if (folder)
		closedir(folder);
	return count;
}

static void look_everywhere(struct owners *owners, struct search *search)
{
	pid_t recent[RECENT_MAX];
	size_t count;

	memcpy(recent, owners->recent, sizeof(recent));
	for (size_t i = 0; i < RECENT_MAX && recent[i] && (search->missing || search->wants_all); i++)
		look_at(owners, search, recent[i]);
	if (!search->missing && !search->wants_all)
		return;
	count = list_processes(owners);
	/* A connection that nobody is known for is most likely of a process that has just begun. */
	while (count-- > 0 && (search->missing || search->wants_all)) {
		if (!is_among(recent, owners->processes[count]) && is_here(owners, owners->processes[count]))
			look_at(owners, search, owners->processes[count]);
	}
}

/* Pays off what looking has cost, and says whether more may be spent. */
static bool may_look(struct owners *owners, int64_t now_ns)
{
	owners->debt_ns -= (now_ns - owners->paid_ns) / (REST_FACTOR + 1);
	owners->paid_ns = now_ns;
	if (owners->debt_ns < 0)
		owners->debt_ns = 0;
	return owners->debt_ns < BURST_NS;
}

/* Processor time of this thread: on a busy machine a look takes long and costs no more. */
static int64_t spent_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

bool owners_find(struct owners *owners, struct socket_owner *sockets, size_t count, bool wants_all)
{
	struct search search = { sockets, count, count, wants_all };
	int64_t start_ns = spent_ns();

	for (size_t i = 0; i < count; i++)
		sockets[i] = (struct socket_owner){ .inode = sockets[i].inode, .fd = -1 };
	if (!wants_all)
		try_hints(owners, &search);
	if (search.missing || (wants_all && count)) {
		if (!may_look(owners, time_monotonic_ns()))
			return false;
		look_everywhere(owners, &search);
		owners->debt_ns += spent_ns() - start_ns;
	}
	return true;
}
