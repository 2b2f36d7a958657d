/*
 * tracees.h: the threads that a tracer follows: taking hold of them, the table and the ledger that they are in. Part of tracer.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/proc/pid_table.h"
#include "agent/sensor/trace/tracer.h"
#include "base/err.h"

struct ledger;
struct pending_call;

/*
 * One thread. A new one stops before or after its parent's fork event is seen; seen before, it is held, so that its
 * first act never precedes its birth.
 */
struct tracee {
	pid_t tid, tgid;
	pid_t held_for;	       /* tgid of the parent whose event must come first; 0 = not held */
	uint8_t owner;	       /* in the ledger */
	bool announced;	       /* its birth has been delivered */
	bool is_memory_shared; /* with another thread that may run at the same time */
	bool is_ending;	       /* is in its exit, for good unless it was for another thread's exec */
	bool is_bare;	       /* was found running, or comes from there: has no filter, lives on without a tracer */
	struct pending_call *call;
};

struct tracees {
	struct pid_table *by_tid;
	struct ledger *ledger; /* NULL = none */
	pid_t first;	       /* process whose end takes this one along; 0 = none */
	size_t first_threads;  /* of it that are not ending */
	size_t held, bare;
	_Atomic size_t count, bound; /* all, and those that are not bare; for other threads to read */
};

/* first: see tracer_conf. */
int tracees_init(struct tracees *tracees, struct ledger *ledger, pid_t first, struct err *err);
void tracees_fini(struct tracees *tracees); /* of an empty table, or a zeroed one */

struct tracee *tracees_get(const struct tracees *tracees, pid_t tid);

/* A thread that is traced already, or will be at once; NULL if there is no room. */
struct tracee *tracees_add(struct tracees *tracees, pid_t tid, pid_t tgid);
void tracees_remove(struct tracees *tracees, struct tracee *tracee); /* its call must be gone */

/* It belongs to the container, and has a filter or none, as from does. */
void tracees_inherit(struct tracees *tracees, struct tracee *tracee, const struct tracee *from);
void tracees_dress(struct tracees *tracees, struct tracee *tracee); /* it has the filter from now on */

/* It begins to exit: true if nothing of the first process is left then. An exec makes it live on. */
bool tracees_end(struct tracees *tracees, struct tracee *tracee);
void tracees_revive(struct tracees *tracees, struct tracee *tracee);

/* See tracer_seize(), tracer_enter(), tracer_adopt(). */
int tracees_seize(struct tracees *tracees, pid_t pid, uint8_t owner, struct err *err);
int tracees_enter(struct tracees *tracees, pid_t pid, uint8_t owner, struct err *err);
size_t tracees_adopt(struct tracees *tracees, tracer_owns owns, const void *context);
