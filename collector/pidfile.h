/*
 * pidfile.h: one collector per state folder: a locked file with the process id.
 */
#pragma once

#include "base/err.h"

/* Locks and writes the file; *ret_fd holds the lock until it is closed. Errors: ERR_FAILED naming the other process. */
int pidfile_open(const char *folder, int *ret_fd, struct err *err);

/* Removes the file, then lets go of the lock. Accepts fd -1. */
void pidfile_close(const char *folder, int fd);
