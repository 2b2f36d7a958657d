/*
 * server.h: the private PostgreSQL server as a process: started, watched, started again, stopped. Main thread only.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "collector/database/cluster.h"

#define SERVER_START_MAX_S 120 /* crash recovery may take this long */
#define SERVER_RETRY_MAX_S 30  /* a lock file of a server that is just ending goes away in this time */
#define SERVER_STOP_MAX_S  30  /* then SIGQUIT: recovery at the next start */

/*
 * Time before a server that ended is started again: from the first, twice as long each time. One that took connections was not kept from
 * starting, so it does not wait long, however often somebody kills it.
 */
#define SERVER_BACKOFF_FIRST_MS 200
#define SERVER_BACKOFF_UP_MS	1000  /* at most, after it took connections */
#define SERVER_BACKOFF_MAX_MS	10000 /* at most, while it cannot be started */

struct server {
	const struct cluster *cluster;
	pid_t pid;	       /* 0 while none runs */
	bool is_up;	       /* it took connections since it was started last */
	int64_t not_before_ns; /* monotonic: time of the next start after a failure */
	int64_t settled_ns;    /* monotonic: if it runs until then, what was before is forgotten */
	int64_t backoff_ns;
};

/* Starts it and waits until it answers. Errors: ERR_FAILED with the server's own reason; ERR_AGAIN when told to stop. */
int server_start(struct server *server, const struct cluster *cluster, struct err *err);

/*
 * Notices a server that died and starts it again, with back-off; logs both. Returns in how many milliseconds, at most longest_ms, it
 * wants to be called again; call it after SIGCHLD, too.
 */
int server_watch(struct server *server, int longest_ms);

/* Fast shutdown; waits until it is gone. */
void server_stop(struct server *server);
