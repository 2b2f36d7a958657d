/*
 * listen.h: sockets to listen on, from an address as people write it.
 */
#pragma once

#include "base/err.h"

/* unix:/path or tcp://address:port. *ret_path (may be NULL) is the socket's path within url, or NULL. */
int listen_open(const char *url, int *ret_fd, const char **ret_path, struct err *err);
