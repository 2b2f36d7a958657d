/*
 * tracers.h: the tracers of a task, one for each container, each in a thread of its own, so that what holds one container's up leaves the
 * others alone. Threads start with their container and end with it.
 *
 * All functions are for one thread, the one that made them, which waits for none of the others: what is to be done by a tracer's thread
 * is handed to it as a job. Nobody in the process may wait for children as a whole: waitpid() without __WNOTHREAD takes the stops of
 * other threads' tracees.
 */
#pragma once

#include <stdint.h>

#include "agent/sensor/trace/tracer.h"

#define TRACERS_MAX	 32	      /* at a time; what comes then shares the tracer of another container */
#define TRACERS_JOBS_MAX 2048	      /* waiting for one tracer, beside those that must not be refused */
#define TRACERS_LINGER_S 1	      /* a tracer with nothing to do waits so long for more */
#define TRACERS_STACK	 (512u << 10) /* bytes; what is not touched costs nothing */
#define TRACERS_END_NS	 (2 * INT64_C(1000000000)) /* for all to end; those that do not are left behind */
#define TRACERS_ADOPT_NS (1 * INT64_C(1000000000)) /* for all to take hold of what another process followed */

struct tracers;

/* Something for a tracer's thread; first member of what it needs. */
struct job {
	/* Called once, by that thread without the turn; then job is its own. tracer is NULL if there is none to do it, and never will be. */
	void (*run)(struct job *job, struct tracer *tracer);
	struct job *next;
};

struct tracers_conf {
	struct ledger *ledger;
	void *context;
	/* Whether a lane has something to be looked at now; or has, or will have. In the turn of the caller, and of nobody. */
	bool (*is_due)(void *context, unsigned int lane);
	bool (*has_pending)(void *context, unsigned int lane);
	/* Looks at it, in the lane's thread; all: at everything, because it ends. */
	void (*look)(void *context, unsigned int lane, bool all);
	void (*wake)(void *context); /* from any thread: tracers_step() has something to do */
};

/* The threads inherit the signals that the caller blocks. Errors: ERR_MEMORY. */
int tracers_open(const struct tracers_conf *conf, struct tracers **ret, struct err *err);

/*
 * Lets all end, and waits for TRACERS_END_NS at the most; what they followed has no tracer then. False: some did not, because something
 * keeps them waiting; then what they may touch must not be freed. Accepts NULL.
 */
bool tracers_close(struct tracers *tracers);

/* Takes hold of all that the ledger has, each container by a tracer of its own and all at once. Stops wait until tracers_use(). */
void tracers_adopt(struct tracers *tracers);

/* From here on stops are handled; conf as for tracer_new(), its lane and ledger do not count. */
void tracers_use(struct tracers *tracers, const struct tracer_conf *conf);

/* Has the tracer of an owner of the ledger do a job, after those that it has already; starts it if there is none. */
void tracers_ask(struct tracers *tracers, uint8_t owner, struct job *job);

/* The same for what is not worth waiting for without limit. False: too many wait already, or no thread could be started. */
bool tracers_offer(struct tracers *tracers, uint8_t owner, struct job *job);

/*
 * From inside of a job that its tracer cannot do, because thread tid traces the process already: gives it to that one, which has the
 * owner from now on. False if it is none of these threads.
 */
bool tracers_pass_on(struct tracers *tracers, uint8_t owner, pid_t tid, struct job *job);

/* Has owner done by the tracer that other has; before the first job. */
void tracers_share(struct tracers *tracers, uint8_t owner, uint8_t other);

/* Wakes whom a signal missed, has files looked at, and takes away what has ended. Returns when to come again, in ms from now. In turn. */
int tracers_step(struct tracers *tracers);

/* True if some of the tracers have not done yet what they were asked for. */
bool tracers_are_busy(const struct tracers *tracers);

/* See tracer_count(), tracer_bound(): of all. Safe in any thread. */
size_t tracers_count(struct tracers *tracers);
size_t tracers_bound(struct tracers *tracers);
