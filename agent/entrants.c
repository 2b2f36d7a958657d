#include "agent/entrants.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "agent/proc/proc.h"
#include "agent/standby.h"
#include "agent/state/exec_session.h"
#include "base/file.h"
#include "base/time.h"

#define LOADAVG	      "/proc/loadavg" /* its last field; see proc(5) */
#define LOADAVG_MAX   128
#define RANGE_MAX     1024 /* numbers looked at one by one; for more, /proc is read */
#define YOUNG_MAX     64   /* processes that are looked at again, because they may yet execute something */
#define YOUNG_LOOKS   20   /* times each */
#define YOUNG_LOOK_MS 100  /* between two */
#define INSIDE_LOOKS                                                                                                 \
	200 /* the same, every ENTRANTS_LOOK_MS, inside: what enters may not be traced before its first exec */
#define EXEMPT_MAX 16 /* the sidecar, and who started it */

/* A process whose numbers and mounts did not say that it belongs to what is watched. */
struct young {
	pid_t pid;
	int looks;
};

struct entrants {
	struct entrants_conf conf;
	pid_t exempt[EXEMPT_MAX]; /* this process, the one that started it, and so on */
	size_t exempt_count;
	uint64_t mounts, first_mounts; /* mount namespaces of the sidecar and of process 1; 0 = not known */
	int loadavg, ask, stop;
	pid_t last; /* number */
	struct young young[YOUNG_MAX];
	size_t young_count;
	int64_t young_due_ns; /* CLOCK_MONOTONIC */
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards: queue, count, lost */
	struct entrant queue[ENTRANTS_QUEUE_MAX];
	size_t count;
	uint64_t lost;
};

static void queue(struct entrants *entrants, const struct entrant *entrant)
{
	bool is_known = false;

	pthread_mutex_lock(&entrants->lock);
	for (size_t i = 0; i < entrants->count; i++)
		is_known = is_known || entrants->queue[i].pid == entrant->pid;
	if (!is_known && entrants->count < ENTRANTS_QUEUE_MAX)
		entrants->queue[entrants->count++] = *entrant;
	else if (!is_known)
		entrants->lost++;
	pthread_mutex_unlock(&entrants->lock);
	if (!is_known)
		entrants->conf.wake(entrants->conf.context);
}

static bool is_followed(const struct entrants *entrants, pid_t tid)
{
	return tid > 0 && tid < PID_LIMIT && entrants->conf.ledger->owners[tid];
}

/* The sidecar's own processes, and process 1, which is the platform's or followed anyway. */
static bool is_exempt(const struct entrants *entrants, const struct proc_status *status)
{
	for (size_t i = 0; i < entrants->exempt_count; i++) {
		pid_t pid = entrants->exempt[i];
		bool is_own = i < 2; /* worker and standby start only each other */

		if (status->tgid == pid || (is_own && status->ppid == pid))
			return true;
	}
	return status->tgid <= 1 || standby_owns(status->tgid);
}

/* One of the tracers. */
static bool is_own_thread(pid_t tid)
{
	return tid > 0 && (tid == getpid() || proc_is_thread_of(tid, getpid()));
}

/* Where the mounts of process 1 are everybody's, as on a host, mounts say nothing of who belongs together. */
static uint8_t owner_by_mounts(const struct entrants *entrants, pid_t pid)
{
	uint64_t mounts = proc_mounts(pid);

	if (!mounts || !entrants->first_mounts || mounts == entrants->first_mounts)
		return 0;
	if (mounts == entrants->mounts)
		return LEDGER_NO_LAUNCH;
	return ledger_find_mount(entrants->conf.ledger, mounts);
}

/*
 * Who has no parent in this pid namespace was put into it from outside. While it is not this container's yet, or may not be asked, as before its
 * first exec, it does not belong to it: 0. Who may never be asked is found all the same (is_last), so that it can be said.
 */
static uint8_t owner_inside(const struct entrants *entrants, const struct proc_status *status, bool is_last)
{
	uint64_t mounts;

	if (is_followed(entrants, status->ppid))
		return entrants->conf.ledger->owners[status->ppid];
	if (status->ppid != 0 || !entrants->mounts)
		return 0;
	mounts = proc_mounts(status->tgid);
	if (mounts == 0 && is_last)
		mounts = entrants->first_mounts;
	return mounts == entrants->mounts ? LEDGER_FIRST : 0;
}

/* Owner in the ledger of a process that belongs to what is watched and is not followed; 0 = it does not. */
static uint8_t owner_of(const struct entrants *entrants, const struct proc_status *status, bool is_last)
{
	uint8_t owner = entrants->conf.is_inside ? owner_inside(entrants, status, is_last)
						 : owner_by_mounts(entrants, status->tgid);
	char path[PATH_MAX];

	if (owner || entrants->conf.is_inside)
		return owner;
	if (is_followed(entrants, status->ppid))
		return entrants->conf.ledger->owners[status->ppid];
	return proc_link(status->tgid, "exe", path) && exec_session_is_agent(path) ? LEDGER_NO_LAUNCH : 0;
}

static void remember(struct entrants *entrants, pid_t pid)
{
	if (entrants->young_count == YOUNG_MAX)
		memmove(entrants->young, entrants->young + 1, --entrants->young_count * sizeof(*entrants->young));
	entrants->young[entrants->young_count++] =
		(struct young){ pid, entrants->conf.is_inside ? INSIDE_LOOKS : YOUNG_LOOKS };
}

/* Looks at a thread or process, for the last time perhaps; true if it is to be looked at again. */
static bool look(struct entrants *entrants, pid_t tid, bool is_last)
{
	struct entrant entrant = { 0 };
	struct proc_status status;

	if (is_followed(entrants, tid) || !proc_status_read(tid, &status) || status.is_ended ||
	    is_exempt(entrants, &status) || is_own_thread(status.tracer) || is_followed(entrants, status.tgid))
		return false;
	entrant.pid = status.tgid;
	entrant.owner = owner_of(entrants, &status, is_last);
	entrant.tracer = status.tracer;
	if (entrant.owner)
		queue(entrants, &entrant);
	return !entrant.owner && status.tgid == tid;
}

static void look_at_all(struct entrants *entrants)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		if (isdigit((unsigned char)entry->d_name[0]))
			look(entrants, (pid_t)strtol(entry->d_name, NULL, 10), false);
	}
	if (proc)
		closedir(proc);
}

static void look_at_young(struct entrants *entrants)
{
	size_t kept = 0;

	entrants->young_due_ns =
		time_monotonic_ns() + (entrants->conf.is_inside ? ENTRANTS_LOOK_MS : YOUNG_LOOK_MS) * NS_PER_MS;
	for (size_t i = 0; i < entrants->young_count; i++) {
		struct young young = entrants->young[i];

		young.looks--;
		if (look(entrants, young.pid, young.looks == 0) && young.looks > 0)
			entrants->young[kept++] = young;
	}
	entrants->young_count = kept;
}

/* The number that was given last in the pid namespace; -1 if it cannot be known. */
static pid_t last_number(const struct entrants *entrants)
{
	char text[LOADAVG_MAX];
	ssize_t length = pread(entrants->loadavg, text, sizeof(text) - 1, 0);
	const char *blank;

	if (length <= 0)
		return -1;
	text[length] = '\0';
	blank = strrchr(text, ' ');
	return blank ? (pid_t)strtol(blank, NULL, 10) : -1;
}

static void look_at_new(struct entrants *entrants)
{
	pid_t last = last_number(entrants), from = entrants->last;

	if (entrants->young_count && time_monotonic_ns() >= entrants->young_due_ns)
		look_at_young(entrants);
	if (last == from && last >= 0)
		return;
	entrants->last = last;
	if (last < from || last - from > RANGE_MAX) {
		look_at_all(entrants);
		return;
	}
	for (pid_t tid = from + 1; tid <= last; tid++) {
		if (look(entrants, tid, false))
			remember(entrants, tid);
	}
}

static void *watch(void *argument)
{
	struct entrants *entrants = argument;
	struct pollfd fds[] = { { entrants->ask, POLLIN, 0 }, { entrants->stop, POLLIN, 0 } };

	entrants->last = last_number(entrants);
	look_at_all(entrants);
	for (;;) {
		eventfd_t asked;

		poll(fds, ARRAY_SIZE(fds), ENTRANTS_LOOK_MS);
		if (fds[1].revents)
			return NULL;
		if (fds[0].revents && eventfd_read(entrants->ask, &asked) == 0)
			look_at_all(entrants);
		look_at_new(entrants);
	}
}

static int start(struct entrants *entrants, struct err *err)
{
	sigset_t all, former;
	int code;

	entrants->loadavg = open(LOADAVG, O_RDONLY | O_CLOEXEC);
	entrants->ask = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	entrants->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (entrants->loadavg < 0 || entrants->ask < 0 || entrants->stop < 0)
		return err_errno(err, ERR_FAILED, "could not read %s", LOADAVG);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &former);
	code = pthread_create(&entrants->thread, NULL, watch, entrants);
	pthread_sigmask(SIG_SETMASK, &former, NULL);
	entrants->has_thread = code == 0;
	return code ? err_set(err, ERR_FAILED, "could not start a thread") : 0;
}

static void find_exempt(struct entrants *entrants)
{
	struct proc_status status;

	for (pid_t pid = getpid(); pid > 1 && entrants->exempt_count < EXEMPT_MAX; pid = status.ppid) {
		entrants->exempt[entrants->exempt_count++] = pid;
		if (!proc_status_read(pid, &status))
			break;
	}
}

int entrants_open(const struct entrants_conf *conf, struct entrants **ret, struct err *err)
{
	struct entrants *entrants = calloc(1, sizeof(*entrants));

	if (!entrants)
		return err_set(err, ERR_MEMORY, "out of memory");
	entrants->conf = *conf;
	find_exempt(entrants);
	entrants->mounts = proc_mounts(getpid());
	entrants->first_mounts = proc_mounts(1);
	entrants->loadavg = entrants->ask = entrants->stop = -1;
	pthread_mutex_init(&entrants->lock, NULL);
	if (start(entrants, err) < 0) {
		entrants_close(entrants);
		return err->code;
	}
	*ret = entrants;
	return 0;
}

void entrants_close(struct entrants *entrants)
{
	if (!entrants)
		return;
	if (entrants->has_thread) {
		eventfd_write(entrants->stop, 1);
		pthread_join(entrants->thread, NULL);
	}
	close_fd(&entrants->loadavg);
	close_fd(&entrants->ask);
	close_fd(&entrants->stop);
	pthread_mutex_destroy(&entrants->lock);
	free(entrants);
}

void entrants_ask(struct entrants *entrants)
{
	eventfd_write(entrants->ask, 1);
}

bool entrants_take(struct entrants *entrants, struct entrant *ret)
{
	bool found;

	pthread_mutex_lock(&entrants->lock);
	found = entrants->count > 0;
	if (found) {
		*ret = entrants->queue[0];
		entrants->count--;
		memmove(entrants->queue, entrants->queue + 1, entrants->count * sizeof(*entrants->queue));
	}
	pthread_mutex_unlock(&entrants->lock);
	return found;
}

uint64_t entrants_lost(struct entrants *entrants)
{
	uint64_t lost;

	pthread_mutex_lock(&entrants->lock);
	lost = entrants->lost;
	entrants->lost = 0;
	pthread_mutex_unlock(&entrants->lock);
	return lost;
}
