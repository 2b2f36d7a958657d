/*
 * entrants.h: finds processes that were put into a container of the task from outside, so that no launcher handed them over: ECS
 * Exec, docker exec, health checks.
 *
 * Nothing tells a sidecar of them. A thread of its own looks at the number that the pid namespace gave last (/proc/loadavg), and
 * if it has changed, at the new numbers alone.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "agent/sensor/trace/ledger.h"
#include "base/err.h"

#define ENTRANTS_LOOK_MS   10
#define ENTRANTS_QUEUE_MAX 256 /* not taken yet; of more it is only known how many */

struct entrants;

struct entrants_conf {
	const struct ledger *ledger; /* what is followed, and the mount namespaces of the containers that are */
	bool is_inside;		     /* of the container that this process is in, which is the first of the ledger */
	void (*wake)(void *context); /* from the thread, when entrants_take() has something */
	void *context;
};

/* A process to be followed. */
struct entrant {
	pid_t pid;
	uint8_t owner; /* in the ledger */
	pid_t tracer;  /* another one that traces it, so that nobody else can; 0 = none */
};

/* Starts the thread, which blocks all signals, and looks at everything that runs. Errors: ERR_FAILED, ERR_MEMORY. */
int entrants_open(const struct entrants_conf *conf, struct entrants **ret, struct err *err);
void entrants_close(struct entrants *entrants); /* accepts NULL */

/* Looks at everything that runs: a container more is in the ledger. */
void entrants_ask(struct entrants *entrants);

bool entrants_take(struct entrants *entrants, struct entrant *ret);

/* How many found no room in the queue since the last call. */
uint64_t entrants_lost(struct entrants *entrants);
