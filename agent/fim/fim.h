/*
 * fim.h: what changes did to the content of watched files: hashes before and after, size, package, and lines.
 *
 * Before: read when a call is about to change the file, where a sensor stops calls; else what was known of it, or what the baseline
 * says. After: at once for calls that only name the file; for one that opened it for writing once it has been left alone for
 * FIM_SETTLE_NS. What is read is limited in size and per second; beyond it a change is told without hashes, and counted.
 *
 * Files are read without the turn (proc/turn.h), so several threads can be inside of one fim at a time; each looks at the files of its
 * own lane alone (sensor_event.lane).
 */
#pragma once

#include "agent/fim/baseline.h"
#include "agent/fim/content.h"
#include "agent/fim/package_owner.h"
#include "agent/fim/watch_set.h"
#include "agent/sensor/sensor.h"
#include "agent/state/process_table.h"
#include "model/event.h"

#define FIM_SETTLE_NS	(2 * INT64_C(1000000000))
#define FIM_SETTLE_MAX	(30 * INT64_C(1000000000)) /* one that is never left alone is looked at all the same */
#define FIM_PENDING_MAX 1024			   /* opened for writing, and not looked at yet */
#define FIM_KNOWN_MAX	16384			   /* files whose content is remembered */
#define FIM_READ_BURST	(128u << 20)		   /* bytes that may be hashed at once */
#define FIM_READ_PER_S	(16u << 20)		   /* and per second */

/* The content of a file that was opened for writing has changed: by whom, and how. Borrowed until the function returns. */
typedef void (*fim_changed)(void *context, struct execution *process, int64_t time_ns,
			    const struct file_change *change);

struct fim;

struct fim_stats {
	uint64_t changes;
	uint64_t unread; /* told without a hash: too large, or too much at a time */
	uint64_t untold; /* opened for writing, and never looked at: too many at a time, or their container is gone */
};

/* sets and baseline (may be NULL) are borrowed. NULL without memory. */
struct fim *fim_new(const struct watch_sets *sets, const struct baseline *baseline, fim_changed changed,
		    void *context);
void fim_free(struct fim *fim); /* accepts NULL; pending files are not looked at any more */

/* Other sets and another baseline from here on; the former ones are not looked at again. */
void fim_use(struct fim *fim, const struct watch_sets *sets, const struct baseline *baseline);

/* A call is about to be made, and its caller is stopped. path and path2 are absolute, or NULL. */
void fim_before(struct fim *fim, const struct sensor_event *event, const char *path, const char *path2);

/* True for calls that can change a file. */
bool fim_concerns(const struct sensor_event *event);

/* What travels with a change, and its texts. */
struct fim_told {
	struct file_content content;
	char before[SHA256_TEXT_SIZE], after[SHA256_TEXT_SIZE], package[PACKAGE_NAME_MAX];
	struct strbuf diff;
};

/*
 * A call was made; path and path2 are absolute. True if *ret is to travel with it, which the caller then ends by fim_told_fini(); false
 * also for a file that was opened for writing: changed is called later. process is held by the caller, and for that long by fim.
 */
bool fim_after(struct fim *fim, const struct sensor_event *event, struct execution *process, const char *path,
	       const char *path2, struct fim_told *ret);
void fim_told_fini(struct fim_told *told);

/*
 * Looks at the files of a lane that have been left alone; all: at all of them. Returns when to come again, CLOCK_MONOTONIC, or 0: nothing
 * is pending. One thread at a time for each lane.
 */
int64_t fim_step(struct fim *fim, unsigned int lane, bool all);

/* Counts what is pending of a lane as never looked at: whoever should have done so does not come back. */
void fim_give_up(struct fim *fim, unsigned int lane);

/* True if changes of path are told. */
bool fim_watches(const struct fim *fim, const char *path);

void fim_stats(const struct fim *fim, struct fim_stats *ret);
