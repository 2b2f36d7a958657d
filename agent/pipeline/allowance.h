/*
 * allowance.h: how much activity is delivered without a rule, per class of it: a busy workload must not fill the store with what
 * nobody asked for. Alerts are never limited, nor is what is left out ever silent: whoever asks counts it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model/event.h"

/* id, name */
#define ACTIVITY_CLASSES(X)                                                                                          \
	X(COMMANDS, "commands")	      /* execs and ends */                                                           \
	X(FILES, "files")	      /* changes of watched files */                                                 \
	X(CONNECTIONS, "connections") /* and datagrams, DNS queries */                                               \
	X(CALLS, "calls")	      /* audited system calls */

enum activity_class {
#define X(id, name) ACTIVITY_##id,
	ACTIVITY_CLASSES(X)
#undef X
		ACTIVITY_CLASS_COUNT
};

#define ALLOWANCE_BURST_S 10 /* so many seconds' worth may come at once */

struct allowance {
	int64_t per_s; /* events of each class; 0 = no limit */
	struct {
		int64_t thousandths; /* of events that may be delivered now */
		int64_t filled_ns;   /* 0 = never used */
	} classes[ACTIVITY_CLASS_COUNT];
};

/* Takes one event of a class; false if there have been too many. now_ns: CLOCK_MONOTONIC. */
bool allowance_take(struct allowance *allowance, enum activity_class class, int64_t now_ns);
