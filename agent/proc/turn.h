/*
 * turn.h: whose turn it is with what the tracers of a task have in common: one thread has it at a time, and gives it away for as long as
 * a container may keep it waiting.
 *
 * What has to be asked of a container - files below its root, the memory of its processes - may take as long as the container likes. So
 * whoever asks does it between turn_pause() and turn_resume(): meanwhile others have their turns. A caller of such a function must
 * expect that everything shared has changed when it returns, and hold what it goes on with (executions: by a reference).
 *
 * The turn guards struct agent and struct task with all that they have: rules and sets of files, metadata and origin, printer, sender,
 * responder, pipeline, process table, users, what was written, watched files. Not guarded by it: a tracer and its tables (its own thread's),
 * the ledger and the count of calls under way (atomic), the threads themselves (tracers.c), signals that were caught (follow.c: one thread),
 * tables that are filled before main() (calls.c), the log (one write a line), the queues of gate, entrants, watcher of packets, role and
 * reload (each its own lock). Rules and sets do not change once made; the former ones live until no event is under way that began with them.
 */
#pragma once

struct turn;

struct turn *turn_new(void);	   /* NULL without memory */
void turn_free(struct turn *turn); /* nobody may have it; accepts NULL */

/* Waits for the turn; NULL: there is nobody to share with. Not twice by one thread. */
void turn_take(struct turn *turn);
void turn_give(struct turn *turn);

/* Gives away the turn that this thread has, if it has one. What is returned, perhaps NULL, is for turn_resume(). */
struct turn *turn_pause(void);
void turn_resume(struct turn *turn);
