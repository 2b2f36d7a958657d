/*
 * ledger.h: which threads the tracers follow, in memory that outlives their process, so that a successor can follow them on.
 *
 * Each tracer writes of its own threads, and anybody may read. Launches are made by one thread.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/proc/pid_table.h"
#include "agent/respond/stop.h"

#define LEDGER_LAUNCHES_MAX                                                                                          \
	200	       /* handed over in one life of a task; what comes later is followed on without its container */
#define LEDGER_FIRST 1 /* owner of what was launched first */
#define LEDGER_NO_LAUNCH                                                                                             \
	(LEDGER_LAUNCHES_MAX + 1) /* owner of what is followed in a container that nobody handed over */
#define LEDGER_OWNERS	(LEDGER_LAUNCHES_MAX + 2)
#define LEDGER_TEXT_MAX 513

/* owner 0 = not followed; else which launch it comes from. Pages that nobody touches cost nothing. */
struct ledger {
	_Atomic int64_t last_ns;	   /* somebody still watched then, since 1970 UTC */
	_Atomic int64_t unwritten_ns;	   /* since when what was told is not on the disk, see sender.h; 0 = all is */
	struct stop_note stops[STOPS_MAX]; /* see respond.h */
	_Atomic pid_t highest;		   /* of those that had an owner */
	_Atomic uint32_t launches;
	int64_t started_ns[LEDGER_OWNERS];
	char uris[LEDGER_OWNERS][LEDGER_TEXT_MAX]; /* metadata endpoint of each launch, from 1 on; "" = none */
	_Atomic uint64_t mounts[LEDGER_OWNERS];	   /* mount namespace of each; 0 = not known */
	_Atomic uint8_t owners[PID_LIMIT];
	_Atomic uint8_t former[PID_LIMIT]; /* the last owner that was not 0 */
	_Atomic uint8_t bare[PID_LIMIT];   /* 1 = has no filter, see tracees.h */
};

struct ledger *ledger_new(void); /* shared with children; NULL without memory */

/* In a successor, before it opens a sender: what nobody saw since then is not on the disk either. */
void ledger_succeed(struct ledger *ledger);

/*
 * Number of a launch with this metadata endpoint, to be the owner of its threads; started_ns: its first process. LEDGER_NO_LAUNCH if
 * there are too many.
 */
uint8_t ledger_launch(struct ledger *ledger, const char *uri, int64_t started_ns);

/* Launch whose containers' files are those of this mount namespace, or 0. Safe in any thread. */
uint8_t ledger_find_mount(const struct ledger *ledger, uint64_t mount);

void ledger_write(struct ledger *ledger, pid_t tid, uint8_t owner, bool is_bare);

/* Owner of tid now, 0 = it is not followed; and the one that the last had that was followed under that number. Safe in any thread. */
uint8_t ledger_owner(const struct ledger *ledger, pid_t tid);
uint8_t ledger_former_owner(const struct ledger *ledger, pid_t tid);

/*
 * Threads of the tree of what is in the ledger that are not in it, because they were born while nobody followed, are written
 * into it. Returns how many threads it has then.
 */
size_t ledger_complete(struct ledger *ledger);
