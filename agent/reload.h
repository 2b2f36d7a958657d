/*
 * reload.h: rules, policies, sets of watched files and their baseline read again while the agent runs: compiled aside by a thread, taken over between two events.
 */
#pragma once

#include <stdbool.h>

#include "agent/fim/watched.h"
#include "detection/detection.h"

#define RELOAD_QUIET_MS 200  /* after a change of a file nothing more may change for so long */
#define RELOAD_WAIT_MS	2000 /* but no longer than this */

struct reload_conf {
	struct detection_conf detection; /* borrows, as long as the reload lives; so does the next */
	struct watched_conf watched;
	bool watches;		     /* the files and folders, by inotify */
	void (*wake)(void *context); /* from the thread, when reload_take() has something; may be NULL */
	void *context;
};

/* What came out of reading everything again. */
struct reload_result {
	struct detection *detection; /* NULL: problem says why; the caller frees both */
	struct watched *watched;     /* NULL only together with detection */
	struct err problem;
	bool is_asked; /* by reload_ask(), not by a change of a file */
};

struct reload;

/*
 * Starts the thread, which blocks all signals. Errors: ERR_FAILED, ERR_MEMORY. A path that cannot be watched is no error:
 * reload_unwatched() names the first.
 */
int reload_open(const struct reload_conf *conf, struct reload **ret, struct err *err);
void reload_close(struct reload *reload); /* accepts NULL; waits for the thread */

/* Reads everything again soon, although no change was seen. Safe in a signal handler. */
void reload_ask(struct reload *reload);

/* True if there is something new since the last call; only the newest is kept. */
bool reload_take(struct reload *reload, struct reload_result *ret);

const char *reload_unwatched(const struct reload *reload); /* NULL: all are watched, or none was to be */
