/*
 * ledger.h: which threads a tracer follows, in memory that outlives its process, so that a successor can follow them on.
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/proc/pid_table.h"

#define LEDGER_LAUNCHES_MAX                                                                                          \
	200 /* handed over in one life of a task; what comes later is followed on without its container */
#define LEDGER_TEXT_MAX 513

/* owner 0 = not followed. Pages that nobody touches cost nothing. */
struct ledger {
	_Atomic int64_t last_ns; /* time of the last event, since 1970 UTC */
	_Atomic pid_t highest;	 /* of those that had an owner */
	_Atomic uint32_t launches;
	int64_t started_ns[LEDGER_LAUNCHES_MAX + 1];
	char uris[LEDGER_LAUNCHES_MAX + 1][LEDGER_TEXT_MAX]; /* metadata endpoint of each launch, from 1 on */
	_Atomic uint8_t owners[PID_LIMIT];
};

struct ledger *ledger_new(void); /* shared with children; NULL without memory */

/* Number of a launch with this metadata endpoint, to be the owner of its threads; started_ns: its first process. */
uint8_t ledger_launch(struct ledger *ledger, const char *uri, int64_t started_ns);

void ledger_write(struct ledger *ledger, pid_t tid, uint8_t owner);

/*
 * Threads of the tree of what is in the ledger that are not in it, because they were born while nobody followed, are written
 * into it. Returns how many threads it has then.
 */
size_t ledger_complete(struct ledger *ledger);
