/*
 * tracer.h: the ptrace half of the trace sensor: seizes processes, follows all they start, and turns their stops into
 * sensor events.
 *
 * All functions must be called by the thread that made the tracer (ptrace is per thread), but tracer_count() and tracer_bound().
 * Several tracers of one process, each in a thread of its own, share nothing but the ledger and what they call back, each in its turn.
 */
#pragma once

#include <stdatomic.h>

#include "agent/sensor/sensor.h"

#define TRACEES_MAX 65536 /* threads followed at a time */

struct tracer;
struct ledger;
struct filter;
struct turn;

struct tracer_conf {
	sensor_handler handler;
	sensor_judge judge;    /* calls that it denies are not followed to their end; NULL = all are */
	void *context;	       /* of both */
	struct turn *turn;     /* taken for each call of a function here; NULL = the tracer is the only one */
	unsigned int lane;     /* of its events */
	bool refuses_io_uring; /* rings are refused that the filter leaves to the tracer */
	bool new_files;	       /* says of an open whether it makes its file */
	bool is_filtered;      /* calls that change root or namespaces stop; false = nothing is known of them */
	struct ledger *ledger; /* what is followed is written into it; NULL = nowhere */
	/* Writes the filter for the program that pid has just executed, which has none; false = none. May be NULL itself. */
	bool (*filter)(void *caller, pid_t pid, struct filter *ret);
	/*
	 * Process whose end takes the sensor along, because it is the first of its pid namespace; 0 = none. When it ends, that is
	 * told before it has, and on_last() is called: what is not delivered when it returns is lost. tracer_use() leaves it as it is.
	 */
	pid_t first;
	void (*on_last)(void *caller);
	void *caller;
};

int tracer_new(const struct tracer_conf *conf, struct tracer **ret, struct err *err);

/* Lets go of nothing: what is still traced keeps its filter and loses its tracer. Accepts NULL. */
void tracer_free(struct tracer *tracer);

/* Follows pid (a process of one thread) from now on, without stopping it; owner stands in the ledger for it and all it starts. Errors: ERR_DENIED, ERR_NOT_FOUND, ERR_FAILED. */
int tracer_seize(struct tracer *tracer, pid_t pid, uint8_t owner, struct err *err);

/*
 * Follows pid, which has been running and has no filter, with all its threads and all they start; what they execute is given the
 * filter. Returns how many of its threads could not be followed. Errors, if none could be: as above; ERR_DENIED also if another
 * one traces it.
 */
int tracer_enter(struct tracer *tracer, pid_t pid, uint8_t owner, struct err *err);

/* Delivers to somebody else, or for the first time to anybody; the ledger stays the one of tracer_new(). */
void tracer_use(struct tracer *tracer, const struct tracer_conf *conf);

/*
 * Follows the threads that the ledger has of the owners that owns() accepts (NULL: of all) and, if they cannot be followed any more, takes
 * them out. Returns how many. What was born while nobody followed is added by ledger_complete(), and followed by doing this again.
 */
typedef bool (*tracer_owns)(const void *context, uint8_t owner);
size_t tracer_adopt(struct tracer *tracer, tracer_owns owns, const void *context);

/*
 * Waits for stops and ends and handles them, delivering events, until *stop is set by a signal handler or another thread, or a
 * signal interrupted the wait. False: nothing is left to wait for.
 */
bool tracer_run(struct tracer *tracer, const atomic_int *stop);

/* Threads followed now. Safe in any thread, as is the next. */
size_t tracer_count(const struct tracer *tracer);

/* Those of them that have the filter, or were handed over: whom it matters that this tracer lives. */
size_t tracer_bound(const struct tracer *tracer);

/* True if pid is a process that is followed, not just a thread of one. */
bool tracer_is_process(const struct tracer *tracer, pid_t pid);

/* What pid, a process that is followed, has in the ledger; 0 if that says nothing. */
uint8_t tracer_owner(const struct tracer *tracer, pid_t pid);

/* Wait status of pid, once it has ended; false before. Only the last one asked for by tracer_watch() is kept. */
void tracer_watch(struct tracer *tracer, pid_t pid);
bool tracer_ended(const struct tracer *tracer, int *ret_status);
