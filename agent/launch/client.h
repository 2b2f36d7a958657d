/*
 * client.h: the launcher's side of the handshake. Allocates nothing: it runs in containers of any kind.
 */
#pragma once

#include "base/err.h"

/*
 * Hands this process to the sidecar at socket path and installs the filter that it answers with. 0 = go on with exec.
 * Errors: ERR_UNREACHABLE (no sidecar for LAUNCH_WAIT_MS, or a silent one), ERR_DENIED (the sidecar says no), ERR_SYNTAX,
 * ERR_FAILED.
 */
int client_hand_over(const char *path, struct err *err);
