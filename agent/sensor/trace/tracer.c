#include "agent/sensor/trace/tracer.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "agent/proc/pid_table.h"
#include "agent/proc/proc.h"
#include "agent/proc/turn.h"
#include "agent/sensor/trace/attack.h"
#include "agent/sensor/trace/call.h"
#include "agent/sensor/trace/call_pool.h"
#include "agent/sensor/trace/early_ends.h"
#include "agent/sensor/trace/exec_stack.h"
#include "agent/sensor/trace/filter.h"
#include "agent/sensor/trace/inject.h"
#include "agent/sensor/trace/ledger.h"
#include "agent/sensor/trace/tracees.h"
#include "base/time.h"

struct tracer {
	struct tracer_conf conf;
	struct tracees tracees;
	struct roots roots;
	struct call_pool calls;
	uint64_t lost; /* events that could not be made, since the last one delivered */
	pid_t watched;
	bool watched_ended, has_told_last;
	int watched_status;
	bool has_moved; /* somebody may have another root, or other namespaces of pids or users, than its parent */
	struct exec_start start; /* of the exec being told */
	struct early_ends early;
};

static void resume(pid_t tid, int request, int signal)
{
	/* ESRCH: killed meanwhile; its end is reported next. */
	ptrace(request, tid, NULL, (void *)(long)signal);
}

static void deliver(struct tracer *tracer, struct sensor_event *event)
{
	if (tracer->conf.ledger)
		tracer->conf.ledger->last_ns = event->time_ns;
	event->lost = tracer->lost;
	event->lane = tracer->conf.lane;
	tracer->lost = 0;
	turn_take(tracer->conf.turn);
	tracer->conf.handler(tracer->conf.context, event);
	turn_give(tracer->conf.turn);
}

static void call_release(struct tracer *tracer, struct tracee *tracee)
{
	if (tracee->call)
		call_pool_give(&tracer->calls, TAKE(tracee->call));
}

static void tracee_remove(struct tracer *tracer, struct tracee *tracee)
{
	call_release(tracer, tracee);
	tracees_remove(&tracer->tracees, tracee);
}

int tracer_new(const struct tracer_conf *conf, struct tracer **ret, struct err *err)
{
	struct tracer *tracer = calloc(1, sizeof(*tracer));

	if (!tracer)
		return err_set(err, ERR_MEMORY, "out of memory");
	if (tracees_init(&tracer->tracees, conf->ledger, conf->first, err) < 0) {
		tracer_free(tracer);
		return err->code;
	}
	tracer->conf = *conf;
	roots_init(&tracer->roots);
	*ret = tracer;
	return 0;
}

void tracer_free(struct tracer *tracer)
{
	if (!tracer)
		return;
	for (pid_t tid = 0; tracer->tracees.by_tid && (tid = pid_table_next(tracer->tracees.by_tid, tid));)
		tracee_remove(tracer, tracees_get(&tracer->tracees, tid));
	call_pool_fini(&tracer->calls);
	tracees_fini(&tracer->tracees);
	roots_fini(&tracer->roots);
	free(tracer);
}

void tracer_use(struct tracer *tracer, const struct tracer_conf *conf)
{
	struct ledger *ledger = tracer->conf.ledger;
	pid_t first = tracer->conf.first;

	tracer->conf = *conf;
	tracer->conf.ledger = ledger;
	tracer->conf.first = first;
}

size_t tracer_adopt(struct tracer *tracer, tracer_owns owns, const void *context)
{
	tracer->has_moved = true;
	return tracees_adopt(&tracer->tracees, owns, context);
}

int tracer_seize(struct tracer *tracer, pid_t pid, uint8_t owner, struct err *err)
{
	tracer->has_moved |= proc_has_own_users(pid);
	return tracees_seize(&tracer->tracees, pid, owner, err);
}

int tracer_enter(struct tracer *tracer, pid_t pid, uint8_t owner, struct err *err)
{
	tracer->has_moved |= proc_has_own_users(pid);
	return tracees_enter(&tracer->tracees, pid, owner, err);
}

size_t tracer_count(const struct tracer *tracer)
{
	return atomic_load_explicit(&tracer->tracees.count, memory_order_relaxed);
}

size_t tracer_bound(const struct tracer *tracer)
{
	return atomic_load_explicit(&tracer->tracees.bound, memory_order_relaxed);
}

bool tracer_is_process(const struct tracer *tracer, pid_t pid)
{
	const struct tracee *tracee = tracees_get(&tracer->tracees, pid);

	return tracee && tracee->tgid == pid;
}

uint8_t tracer_owner(const struct tracer *tracer, pid_t pid)
{
	const struct tracee *tracee = tracees_get(&tracer->tracees, pid);

	return tracee && tracee->tgid == pid ? tracee->owner : 0;
}

void tracer_watch(struct tracer *tracer, pid_t pid)
{
	tracer->watched = pid;
	tracer->watched_ended = false;
}

bool tracer_ended(const struct tracer *tracer, int *ret_status)
{
	*ret_status = tracer->watched_status;
	return tracer->watched_ended;
}

static void deliver_fork(struct tracer *tracer, enum sensor_call call, const struct tracee *parent, pid_t child,
			 bool is_held)
{
	struct sensor_event event = {
		.call = call, .time_ns = time_now_ns(), .tid = parent->tid, .pid = parent->tgid, .is_held = is_held
	};

	event.child = child;
	event.result = child;
	event.has_result = true;
	event.dirfd = event.dirfd2 = AT_FDCWD;
	deliver(tracer, &event);
}

static void deliver_end(struct tracer *tracer, pid_t pid, int status)
{
	struct sensor_event event = { .call = SENSOR_PROCEXIT, .time_ns = time_now_ns(), .has_result = true };

	event.tid = event.pid = pid;
	event.result = status;
	event.dirfd = event.dirfd2 = AT_FDCWD;
	deliver(tracer, &event);
}

static void release(struct tracer *tracer, struct tracee *tracee)
{
	tracee->held_for = 0;
	tracer->tracees.held--;
	resume(tracee->tid, PTRACE_CONT, 0);
}

/* True if what the call that parent has just made has begun is one more thread of its process. */
static bool made_thread(const struct tracee *parent, pid_t tid, bool has_ended)
{
	uint64_t flags;

	if (has_ended)
		return arch_first_argument(parent->tid, &flags) && (flags & CLONE_THREAD);
	return proc_is_thread_of(tid, parent->tgid);
}

/* The parent's event: its child is known from now on, and let run if it waited for that. */
static void on_fork(struct tracer *tracer, struct tracee *parent, enum sensor_call call)
{
	unsigned long message = 0;
	struct tracee *child;
	bool has_ended;
	pid_t tid, tgid;
	int status;

	if (ptrace(PTRACE_GETEVENTMSG, parent->tid, NULL, &message) < 0)
		return;
	tid = (pid_t)message;
	child = tracees_get(&tracer->tracees, tid);
	has_ended = !child && early_ends_take(&tracer->early, tid, &status);
	tgid = call == SENSOR_CLONE && made_thread(parent, tid, has_ended) ? parent->tgid : tid;
	if (child && child->announced)
		return;
	if (tgid == tid)
		deliver_fork(tracer, call, parent, tid, true);
	if (has_ended && tgid == tid)
		deliver_end(tracer, tid, status);
	if (has_ended)
		return;
	if (!child && !(child = tracees_add(&tracer->tracees, tid, tgid))) {
		tracer->lost++;
		return;
	}
	child->tgid = tgid;
	child->announced = true;
	tracees_inherit(&tracer->tracees, child, parent);
	/* a vfork() parent waits for its child */
	if (call == SENSOR_CLONE || (call == SENSOR_FORK && arch_shares_memory(parent->tid)))
		child->is_memory_shared = parent->is_memory_shared = true;
	if (child->held_for)
		release(tracer, child);
}

/* A parent that was killed never reports its fork: children held for it are released here. */
static void release_orphans(struct tracer *tracer, pid_t parent_tgid)
{
	for (pid_t tid = 0; tracer->tracees.held && (tid = pid_table_next(tracer->tracees.by_tid, tid));) {
		struct tracee *child = tracees_get(&tracer->tracees, tid);
		struct tracee parent = { .tid = parent_tgid, .tgid = parent_tgid };

		if (child->held_for != parent_tgid)
			continue;
		if (child->tgid == child->tid)
			deliver_fork(tracer, SENSOR_FORK, &parent, tid, false);
		child->announced = true;
		release(tracer, child);
	}
}

/* First stop of a thread whose parent's event has not been seen yet. */
static void on_unannounced(struct tracer *tracer, pid_t tid)
{
	struct proc_status status;
	struct tracee *tracee, *parent;
	bool known = proc_status_read(tid, &status);

	tracee = tracees_add(&tracer->tracees, tid, known ? status.tgid : tid);
	if (!tracee || !known) {
		tracer->lost += tracee ? 0 : 1;
		resume(tid, PTRACE_CONT, 0);
		return;
	}
	tracee->held_for = status.tgid == tid ? status.ppid : status.tgid;
	/* The parent is not ours: it let go of the child, or its end came first. Nothing will announce the child. */
	parent = tracees_get(&tracer->tracees, tracee->held_for);
	if (!parent) {
		tracee->held_for = 0;
		resume(tid, PTRACE_CONT, 0);
		return;
	}
	tracees_inherit(&tracer->tracees, tracee, parent);
	tracer->tracees.held++;
}

/* Which call it was, and what the new program was given. */
static void describe_exec(struct tracer *tracer, const struct tracee *tracee, struct sensor_event *event)
{
	struct exec_start *start = &tracer->start;
	uint64_t stack;
	long number;

	if (!arch_after_exec(tracee->tid, &number, &stack))
		return;
	if (trace_call_find(ARCH_NATIVE, (uint64_t)number) == SENSOR_EXECVEAT)
		event->call = SENSOR_EXECVEAT;
	if (!stack || !exec_stack_read(tracee->tid, stack, start))
		return;
	event->comm = start->comm;
	event->args = start->args;
	event->args_length = start->args_length;
	event->is_args_cut = start->is_cut;
	event->is_in_place = tracer->conf.is_filtered && !tracer->has_moved && !tracee->is_bare;
	event->has_ids = event->is_in_place;
	event->uid = start->uid;
	event->gid = start->gid;
}

static void on_exec(struct tracer *tracer, struct tracee *tracee)
{
	struct sensor_event event = {
		.call = SENSOR_EXECVE, .time_ns = time_now_ns(), .has_result = true, .is_held = true
	};
	unsigned long former = 0;
	struct tracee *old;

	/* A thread other than the first that execs takes over the first one's number; its own vanishes silently. */
	if (ptrace(PTRACE_GETEVENTMSG, tracee->tid, NULL, &former) == 0 && (pid_t)former != tracee->tid &&
	    (old = tracees_get(&tracer->tracees, (pid_t)former)))
		tracee_remove(tracer, old);
	tracees_revive(&tracer->tracees, tracee);
	describe_exec(tracer, tracee, &event);
	call_release(tracer, tracee);
	event.tid = event.pid = tracee->tid;
	event.dirfd = event.dirfd2 = AT_FDCWD;
	deliver(tracer, &event);
}

/* Row of the call that a thread stopped at, and its arguments; -1 if nothing is to be told of it. */
static int identify(struct tracer *tracer, pid_t tid, enum arch arch, uint64_t number, uint64_t args[6])
{
	const struct arch_info *info = &arch_infos[arch];

	/* So that the child is followed like any other. */
	if ((int)number == info->clone) {
		tracer->has_moved |= (args[0] & (CLONE_NEWPID | CLONE_NEWUSER)) != 0;
		arch_set_first_argument(tid, arch, args[0] & ~(uint64_t)CLONE_UNTRACED);
		return -1;
	}
	if ((int)number == info->socketcall) {
		int row = trace_socketcall_find(args[0]);

		return row >= 0 && call_read_socketcall(tid, args[1], args) ? row : -1;
	}
	return trace_call_find(arch, number);
}

static bool is_needed(const struct tracer *tracer, struct sensor_event *event)
{
	bool is_needed;

	if (!tracer->conf.judge)
		return true;
	event->lane = tracer->conf.lane;
	turn_take(tracer->conf.turn);
	is_needed = tracer->conf.judge(tracer->conf.context, event);
	turn_give(tracer->conf.turn);
	return is_needed;
}

static int on_call_entry(struct tracer *tracer, struct tracee *tracee)
{
	struct __ptrace_syscall_info info = { 0 };
	struct call_origin origin = { tracee->tid, tracee->tgid, ARCH_NATIVE, &tracer->roots,
				      tracee->is_memory_shared };
	uint64_t args[6];
	int arch, row;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return PTRACE_CONT;
	arch = arch_find(info.arch);
	if (arch < 0)
		return PTRACE_CONT;
	origin.arch = (enum arch)arch;
	memcpy(args, info.seccomp.args, sizeof(args));
	row = identify(tracer, tracee->tid, origin.arch, info.seccomp.nr, args);
	if (row < 0)
		return PTRACE_CONT;
	if (row == SENSOR_IO_URING_SETUP && tracer->conf.refuses_io_uring)
		arch_refuse_call(tracee->tid);
	tracer->has_moved |= sensor_call_changes_root((enum sensor_call)row);
	if (!tracee->call && !(tracee->call = call_pool_take(&tracer->calls))) {
		tracer->lost++;
		return PTRACE_CONT;
	}
	call_enter(tracee->call, (enum sensor_call)row, &origin, args);
	if (!is_needed(tracer, &tracee->call->event)) {
		tracee->call->is_unneeded = sensor_call_changes_root((enum sensor_call)row);
		if (tracee->call->is_unneeded)
			return PTRACE_SYSCALL;
		call_release(tracer, tracee);
		return PTRACE_CONT;
	}
	if (attack_is_fatal(&tracee->call->event, tracer->conf.ledger ? getppid() : 0)) {
		tracee->call->event.is_urgent = true;
		deliver(tracer, &tracee->call->event);
		call_release(tracer, tracee);
		return PTRACE_CONT;
	}
	tracee->call->is_unneeded = false;
	call_look(tracee->call, tracer->conf.new_files);
	return PTRACE_SYSCALL;
}

static void on_call_exit(struct tracer *tracer, struct tracee *tracee)
{
	struct __ptrace_syscall_info info = { 0 };

	if (!tracee->call)
		return;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, tracee->tid, sizeof(info), &info) > 0 &&
	    info.op == PTRACE_SYSCALL_INFO_EXIT && !call_restarts(info.exit.rval)) {
		if (sensor_call_changes_root(tracee->call->event.call))
			roots_forget_all(&tracer->roots);
		call_exit(tracee->call, info.exit.rval);
		if (!tracee->call->is_unneeded)
			deliver(tracer, &tracee->call->event);
	}
	call_release(tracer, tracee);
}

static bool is_stop_signal(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void on_end(struct tracer *tracer, pid_t tid, int status);

/* A thread begins to exit. As soon as the first process lets go of its last one, the kernel kills this one. */
static void on_ending(struct tracer *tracer, struct tracee *tracee)
{
	unsigned long status = 0;

	if (!tracees_end(&tracer->tracees, tracee))
		return;
	ptrace(PTRACE_GETEVENTMSG, tracee->tid, NULL, &status);
	deliver_end(tracer, tracee->tgid, (int)status);
	tracer->has_told_last = true;
	if (!tracer->conf.on_last)
		return;
	turn_take(tracer->conf.turn);
	tracer->conf.on_last(tracer->conf.caller);
	turn_give(tracer->conf.turn);
}

static bool find_filter(struct tracer *tracer, pid_t pid, struct filter *ret)
{
	bool found;

	if (!tracer->conf.filter)
		return false;
	turn_take(tracer->conf.turn);
	found = tracer->conf.filter(tracer->conf.caller, pid, ret);
	turn_give(tracer->conf.turn);
	return found;
}

/* What has just been executed gets the filter that its parents do not have, and runs on. */
static void dress(struct tracer *tracer, struct tracee *tracee)
{
	struct filter filter;
	struct injection injection = { 0 };
	enum injection_end end;

	if (!find_filter(tracer, tracee->tgid, &filter)) {
		resume(tracee->tid, PTRACE_CONT, 0);
		return;
	}
	end = inject_filter(tracee->tid, &filter, &injection);
	if (end == INJECTION_ENDED) {
		on_end(tracer, tracee->tid, injection.status);
		return;
	}
	if (end == INJECTION_DONE)
		tracees_dress(&tracer->tracees, tracee);
	else
		tracer->lost++; /* all the calls that it will make */
	if (injection.is_stopped)
		ptrace(PTRACE_INTERRUPT, tracee->tid, NULL, NULL);
	resume(tracee->tid, PTRACE_CONT, injection.signal);
}

/* Handles one stop and lets the thread go on. */
static void on_stop(struct tracer *tracer, struct tracee *tracee, int status)
{
	int signal = WSTOPSIG(status), request = PTRACE_CONT, pass = 0;

	switch (status >> 16) {
	case PTRACE_EVENT_SECCOMP:
		request = on_call_entry(tracer, tracee);
		break;
	case PTRACE_EVENT_EXEC:
		on_exec(tracer, tracee);
		if (tracee->is_bare) {
			dress(tracer, tracee);
			return;
		}
		break;
	case PTRACE_EVENT_FORK:
		on_fork(tracer, tracee, SENSOR_FORK);
		break;
	case PTRACE_EVENT_VFORK:
		on_fork(tracer, tracee, SENSOR_VFORK);
		break;
	case PTRACE_EVENT_CLONE:
		on_fork(tracer, tracee, SENSOR_CLONE);
		break;
	case PTRACE_EVENT_EXIT:
		on_ending(tracer, tracee);
		break;
	case PTRACE_EVENT_STOP:
		/* Stopped by job control: stays stopped, and still hears SIGCONT. */
		if (is_stop_signal(signal))
			request = PTRACE_LISTEN;
		break;
	default:
		if (signal == (SIGTRAP | 0x80))
			on_call_exit(tracer, tracee);
		else
			pass = signal;
	}
	resume(tracee->tid, request, pass);
}

/* A thread that there was no room for: its events are counted as lost, but it runs on and gets its signals. */
static void on_stranger(struct tracer *tracer, pid_t tid, int status)
{
	bool is_signal = status >> 16 == 0 && WSTOPSIG(status) != (SIGTRAP | 0x80);

	tracer->lost += is_signal ? 0 : 1;
	resume(tid, PTRACE_CONT, is_signal ? WSTOPSIG(status) : 0);
}

static void on_end(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = tracees_get(&tracer->tracees, tid);
	pid_t tgid = tracee ? tracee->tgid : 0;

	if (tid == tracer->watched) {
		tracer->watched_ended = true;
		tracer->watched_status = status;
	}
	if (!tracee) {
		early_ends_add(&tracer->early, tid, status);
		return;
	}
	tracee_remove(tracer, tracee);
	if (tracer->tracees.held)
		release_orphans(tracer, tgid);
	if (tgid != tid)
		return;
	roots_forget(&tracer->roots, tid);
	if (tid != tracer->conf.first || !tracer->has_told_last)
		deliver_end(tracer, tid, status);
}

/* One stop or end of a thread. */
static void on_status(struct tracer *tracer, pid_t tid, int status)
{
	struct tracee *tracee = tracees_get(&tracer->tracees, tid);

	if (WIFEXITED(status) || WIFSIGNALED(status))
		on_end(tracer, tid, status);
	else if (!WIFSTOPPED(status))
		return;
	else if (!tracee && status >> 16 == PTRACE_EVENT_STOP)
		on_unannounced(tracer, tid);
	else if (!tracee) /* beyond TRACEES_MAX */
		on_stranger(tracer, tid, status);
	else
		on_stop(tracer, tracee, status);
}

/* The kernel knows of none of them any more: should an end have been missed, nothing waits for it for ever. */
static void forget_all(struct tracer *tracer)
{
	for (pid_t tid = 0; (tid = pid_table_next(tracer->tracees.by_tid, tid));) {
		tracee_remove(tracer, tracees_get(&tracer->tracees, tid));
		tracer->lost++;
	}
}

bool tracer_run(struct tracer *tracer, const atomic_int *stop)
{
	while (!*stop) {
		int status;
		/* What other threads trace is theirs. */
		pid_t tid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		if (tid < 0 && errno != ECHILD)
			return true;
		if (tid < 0) {
			forget_all(tracer);
			return false;
		}
		on_status(tracer, tid, status);
	}
	return true;
}
