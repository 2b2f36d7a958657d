/*
 * client.h: the launcher's side of the handshake. Allocates nothing: it runs in containers of any kind.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"

#define CLIENT_INSIDE 1 /* cannot be watched from there, and err says why; but from inside the container, perhaps */

/*
 * Hands this process to the sidecar at socket path and installs the filter that it answers with. 0 = go on with exec; or
 * CLIENT_INSIDE.
 * Errors: ERR_UNREACHABLE (no sidecar for LAUNCH_WAIT_MS, or a silent one), ERR_DENIED (the sidecar says no), ERR_SYNTAX,
 * ERR_FAILED.
 */
int client_hand_over(const char *path, struct err *err);

struct client_wait {
	int64_t deadline_ns; /* CLOCK_MONOTONIC */
	int ms;		     /* altogether, for what is said when it is over */
};

struct client_wait client_wait(int ms); /* from now on */

/* The same with a sensor that has this process already, and whose answer comes at fd. */
int client_obey(int fd, const struct client_wait *wait, struct err *err);
