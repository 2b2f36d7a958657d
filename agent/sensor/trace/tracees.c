#include "agent/sensor/trace/tracees.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>

#include "agent/proc/proc.h"
#include "agent/sensor/trace/ledger.h"
#include "agent/sensor/trace/tracer.h"

#define TRACE_OPTIONS                                                                                                \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |                    \
	 PTRACE_O_TRACEEXEC | PTRACE_O_TRACESECCOMP)

#define PASSES_MAX 64 /* over the threads of a process, until there is none that is not followed */

int tracees_init(struct tracees *tracees, struct ledger *ledger, pid_t first, struct err *err)
{
	*tracees = (struct tracees){ .by_tid = pid_table_new(), .ledger = ledger, .first = first };
	return tracees->by_tid ? 0 : err_set(err, ERR_MEMORY, "out of memory");
}

void tracees_fini(struct tracees *tracees)
{
	pid_table_free(tracees->by_tid);
}

struct tracee *tracees_get(const struct tracees *tracees, pid_t tid)
{
	return pid_table_get(tracees->by_tid, tid);
}

/* Written by one thread, so that nothing gets lost between the two; read by others. */
static void publish(struct tracees *tracees)
{
	atomic_store_explicit(&tracees->count, tracees->by_tid->count, memory_order_relaxed);
	atomic_store_explicit(&tracees->bound, tracees->by_tid->count - tracees->bare, memory_order_relaxed);
}

static void note(struct tracees *tracees, const struct tracee *tracee)
{
	if (tracees->ledger)
		ledger_write(tracees->ledger, tracee->tid, tracee->owner, tracee->is_bare);
}

static bool is_of_first(const struct tracees *tracees, const struct tracee *tracee)
{
	return tracees->first && tracee->tgid == tracees->first;
}

bool tracees_end(struct tracees *tracees, struct tracee *tracee)
{
	if (tracee->is_ending || !is_of_first(tracees, tracee))
		return false;
	tracee->is_ending = true;
	return --tracees->first_threads == 0;
}

void tracees_revive(struct tracees *tracees, struct tracee *tracee)
{
	tracees->first_threads += tracee->is_ending ? 1 : 0;
	tracee->is_ending = false;
}

struct tracee *tracees_add(struct tracees *tracees, pid_t tid, pid_t tgid)
{
	struct tracee *tracee;

	if (tracees->by_tid->count >= TRACEES_MAX || !(tracee = calloc(1, sizeof(*tracee))))
		return NULL;
	tracee->tid = tid;
	tracee->tgid = tgid;
	if (!pid_table_put(tracees->by_tid, tid, tracee)) {
		free(tracee);
		return NULL;
	}
	tracees->first_threads += is_of_first(tracees, tracee) ? 1 : 0;
	publish(tracees);
	return tracee;
}

void tracees_remove(struct tracees *tracees, struct tracee *tracee)
{
	tracees->held -= tracee->held_for ? 1 : 0;
	tracees->bare -= tracee->is_bare ? 1 : 0;
	tracees_end(tracees, tracee);
	if (tracees->ledger)
		ledger_write(tracees->ledger, tracee->tid, 0, false);
	pid_table_put(tracees->by_tid, tracee->tid, NULL);
	publish(tracees);
	free(tracee);
}

static void own(struct tracees *tracees, struct tracee *tracee, uint8_t owner, bool is_bare)
{
	tracees->bare += (is_bare ? 1 : 0);
	tracees->bare -= (tracee->is_bare ? 1 : 0);
	tracee->owner = owner;
	tracee->is_bare = is_bare;
	publish(tracees);
	note(tracees, tracee);
}

void tracees_inherit(struct tracees *tracees, struct tracee *tracee, const struct tracee *from)
{
	own(tracees, tracee, from->owner, from->is_bare);
}

void tracees_dress(struct tracees *tracees, struct tracee *tracee)
{
	own(tracees, tracee, tracee->owner, false);
}

/* Takes hold of one thread. 0, or the error of ptrace. */
static int seize(struct tracees *tracees, struct tracee *tracee)
{
	int problem;
	/* A stop at each exit has a price, and all that is started inherits the options. */
	long options = TRACE_OPTIONS | (tracees->first ? PTRACE_O_TRACEEXIT : 0);

	if (ptrace(PTRACE_SEIZE, tracee->tid, NULL, options) == 0)
		return 0;
	problem = errno;
	tracees_remove(tracees, tracee);
	return problem;
}

static int no_room(struct err *err)
{
	return err_set(err, ERR_LIMIT, "%d threads are followed already", TRACEES_MAX);
}

static int not_seized(pid_t pid, int problem, struct err *err)
{
	errno = problem;
	return err_errno(err, problem == EPERM ? ERR_DENIED : ERR_FAILED, "could not trace process %d", pid);
}

int tracees_seize(struct tracees *tracees, pid_t pid, uint8_t owner, struct err *err)
{
	struct tracee *tracee = tracees_get(tracees, pid);
	int problem;

	/* Found before it came to hand itself over. */
	if (tracee) {
		own(tracees, tracee, owner, false);
		return 0;
	}
	tracee = tracees_add(tracees, pid, pid);
	if (!tracee)
		return no_room(err);
	own(tracees, tracee, owner, false);
	problem = seize(tracees, tracee);
	return problem ? not_seized(pid, problem, err) : 0;
}

/* One look at the threads of a process. */
struct pass {
	size_t taken, refused;
	int problem; /* of the last one that was not taken */
};

static void enter_thread(struct tracees *tracees, pid_t tid, pid_t pid, uint8_t owner, struct pass *pass)
{
	struct tracee *tracee = tracees_add(tracees, tid, pid);

	if (!tracee) {
		pass->problem = ENOMEM;
		pass->refused++;
		return;
	}
	tracee->announced = true;
	tracee->is_memory_shared = true;
	own(tracees, tracee, owner, true);
	pass->problem = seize(tracees, tracee);
	pass->taken += pass->problem == 0 ? 1 : 0;
	pass->refused += pass->problem && pass->problem != ESRCH ? 1 : 0;
}

/* Takes hold of the threads of pid that are not followed yet. */
static struct pass enter_threads(struct tracees *tracees, pid_t pid, uint8_t owner)
{
	struct pass pass = { .problem = ESRCH };
	char path[64];
	struct dirent *entry;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		pid_t tid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)strtol(entry->d_name, NULL, 10) : 0;

		if (tid > 0 && !tracees_get(tracees, tid))
			enter_thread(tracees, tid, pid, owner, &pass);
	}
	if (folder)
		closedir(folder);
	return pass;
}

int tracees_enter(struct tracees *tracees, pid_t pid, uint8_t owner, struct err *err)
{
	struct pass pass = { .taken = 1 };
	size_t taken = 0;

	/* A thread that is not followed yet may make others meanwhile; those of one that is are followed from their birth. */
	for (int i = 0; i < PASSES_MAX && pass.taken > 0; i++) {
		pass = enter_threads(tracees, pid, owner);
		taken += pass.taken;
	}
	return taken ? (int)(pass.taken + pass.refused) : not_seized(pid, pass.problem, err);
}

/* Thread tid of the ledger; false if it cannot be followed. */
static bool adopt(struct tracees *tracees, pid_t tid)
{
	uint8_t owner = tracees->ledger->owners[tid];
	bool is_bare = tracees->ledger->bare[tid];
	struct proc_status status;
	struct tracee *tracee;

	if (!proc_status_read(tid, &status) || !(tracee = tracees_add(tracees, tid, status.tgid)))
		return false;
	tracee->announced = true;
	tracee->is_memory_shared = tid != status.tgid;
	own(tracees, tracee, owner, is_bare);
	return seize(tracees, tracee) == 0;
}

size_t tracees_adopt(struct tracees *tracees, tracer_owns owns, const void *context)
{
	struct ledger *ledger = tracees->ledger;
	size_t count = 0;

	for (pid_t tid = 1; tid <= ledger->highest; tid++) {
		uint8_t owner = ledger->owners[tid];

		if (!owner || (owns && !owns(context, owner)) || tracees_get(tracees, tid))
			continue;
		if (adopt(tracees, tid))
			count++;
		else
			ledger_write(ledger, tid, 0, false);
	}
	return count;
}
