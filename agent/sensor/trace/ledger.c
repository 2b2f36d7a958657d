#include "agent/sensor/trace/ledger.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "agent/proc/proc.h"

#define ROUNDS_MAX 64 /* generations that can be born unseen */

struct ledger *ledger_new(void)
{
	struct ledger *ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return ledger == MAP_FAILED ? NULL : ledger;
}

void ledger_succeed(struct ledger *ledger)
{
	int64_t last_ns = ledger->last_ns;

	if (last_ns && (!ledger->unwritten_ns || last_ns < ledger->unwritten_ns))
		ledger->unwritten_ns = last_ns;
}

uint8_t ledger_launch(struct ledger *ledger, const char *uri, int64_t started_ns)
{
	uint32_t number = atomic_load(&ledger->launches);

	if (number == LEDGER_LAUNCHES_MAX)
		return LEDGER_NO_LAUNCH;
	atomic_store(&ledger->launches, ++number);
	snprintf(ledger->uris[number], LEDGER_TEXT_MAX, "%s", uri);
	ledger->started_ns[number] = started_ns;
	return (uint8_t)number;
}

uint8_t ledger_find_mount(const struct ledger *ledger, uint64_t mount)
{
	/* The newest: what was launched there before it has ended, or is the same container. */
	for (uint32_t number = ledger->launches; mount && number > 0; number--) {
		if (ledger->mounts[number] == mount)
			return (uint8_t)number;
	}
	return 0;
}

void ledger_write(struct ledger *ledger, pid_t tid, uint8_t owner, bool is_bare)
{
	if (tid <= 0 || tid >= PID_LIMIT)
		return;
	/* Other tracers write as well. */
	for (pid_t highest = ledger->highest; owner && tid > highest;) {
		if (atomic_compare_exchange_weak(&ledger->highest, &highest, tid))
			break;
	}
	if (ledger->bare[tid] != is_bare)
		ledger->bare[tid] = is_bare;
	if (owner && ledger->former[tid] != owner)
		ledger->former[tid] = owner;
	ledger->owners[tid] = owner;
}

uint8_t ledger_owner(const struct ledger *ledger, pid_t tid)
{
	return tid > 0 && tid < PID_LIMIT ? ledger->owners[tid] : 0;
}

uint8_t ledger_former_owner(const struct ledger *ledger, pid_t tid)
{
	return tid > 0 && tid < PID_LIMIT ? ledger->former[tid] : 0;
}

/* The number that a folder of /proc is called by, or 0. */
static pid_t number_of(const struct dirent *entry)
{
	return isdigit((unsigned char)entry->d_name[0]) ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;
}

static size_t add_threads(struct ledger *ledger, pid_t pid, uint8_t owner, bool is_bare)
{
	char path[64];
	struct dirent *entry;
	size_t count = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		pid_t tid = number_of(entry);

		if (tid <= 0)
			continue;
		ledger_write(ledger, tid, owner, is_bare);
		count++;
	}
	if (folder)
		closedir(folder);
	return count;
}

/* The process itself, or else who started it: whose owner it has; 0 = neither has one. */
static pid_t known_of(const struct ledger *ledger, pid_t pid)
{
	struct proc_status status;

	if (ledger->owners[pid])
		return pid;
	if (!proc_status_read(pid, &status) || status.ppid <= 0 || status.ppid >= PID_LIMIT)
		return 0;
	return ledger->owners[status.ppid] ? status.ppid : 0;
}

size_t ledger_complete(struct ledger *ledger)
{
	size_t former = 0, count = 0;

	for (int round = 0; round < ROUNDS_MAX && (round == 0 || count != former); round++) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		former = count;
		count = 0;
		while (proc && (entry = readdir(proc))) {
			pid_t pid = number_of(entry);
			pid_t from = pid > 0 && pid < PID_LIMIT ? known_of(ledger, pid) : 0;

			count += from ? add_threads(ledger, pid, ledger->owners[from], ledger->bare[from]) : 0;
		}
		if (proc)
			closedir(proc);
	}
	return count;
}
