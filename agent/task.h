/*
 * task.h: what the sidecar of a task has, and the threads of its tracers share.
 */
#pragma once

#include <pthread.h>

#include "agent/agent.h"
#include "agent/entrants.h"
#include "agent/gate.h"
#include "agent/proc/turn.h"
#include "agent/sensor/trace/ledger.h"
#include "agent/tracers.h"

/* What is done with processes that are put into a container from outside. */
enum exec_mode { EXEC_CALLS, EXEC_EVENTS, EXEC_NONE };

struct task {
	struct agent agent;
	struct turn *turn; /* guards all that is here and all of the agent, once tracers have begun */
	struct tracers *tracers;
	struct ledger *ledger;
	struct gate *gate;
	struct entrants *entrants; /* NULL: none are looked for */
	struct filter filter;
	enum exec_mode exec;
	pthread_t thread; /* of the loop */
	bool once, had_one;
	size_t handovers; /* under way */
	int64_t stop_ns;  /* CLOCK_MONOTONIC; 0 = runs on */
};
