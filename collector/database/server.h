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

struct server {
	const struct cluster *cluster;
	pid_t pid;	       /* 0 while none runs */
	int64_t not_before_ns; /* monotonic: time of the next start after a failure */
	int64_t backoff_ns;
};

/* Starts it and waits until it answers. Errors: ERR_FAILED with the server's own reason; ERR_AGAIN when told to stop. */
int server_start(struct server *server, const struct cluster *cluster, struct err *err);

/* Call after SIGCHLD and every second: notices a server that died and starts it again, with back-off; logs both. */
void server_watch(struct server *server);

/* Fast shutdown; waits until it is gone. */
void server_stop(struct server *server);
