/*
 * follow.h: the loop of a command that traces: waits for stops, signals and the time of the next heartbeat. Where tracers have threads of
 * their own, it waits for signals and the time alone, and does what it does in its turn.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct agent;
struct tracer;
struct turn;

struct follow {
	struct agent *agent;
	struct tracer *tracer; /* of this thread; NULL: others trace */
	/* Only where others trace: what is done in each look, in its turn. Returns when to look again, in ms. */
	struct turn *turn;
	int (*on_look)(void *context);
	void *context;
	/* A signal came, other than a SIGHUP that asks for the rules to be read again; may be NULL. */
	void (*on_signal)(void *context, const siginfo_t *info);
	bool (*is_done)(void *context);
	void (*on_rules)(void *context); /* other rules count now; may be NULL */
	const char *remedy;		 /* see agent_rules_warn() */
};

/*
 * Blocks the signals that the loop takes, in this thread and all it starts; *ret_former is the mask before, which a child must
 * restore. Call it before any thread exists: follow_run() lets them through to its own thread alone.
 */
void follow_block_signals(sigset_t *ret_former);

/* Runs until is_done() says so. */
void follow_run(const struct follow *follow);

/* Signal that wakes the loop from another thread. */
#define FOLLOW_WAKE SIGUSR1

/* The same for rules that were read again; nobody else sends it, so that it cannot be taken for a signal to the command. */
#define FOLLOW_RENEW SIGRTMIN
