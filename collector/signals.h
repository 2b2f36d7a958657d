/*
 * signals.h: signals arrive where the main thread waits for them, and nowhere else.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

/* Blocks SIGTERM, SIGINT, SIGHUP and SIGCHLD; call before the first thread. SIGPIPE is ignored. */
void signals_block(void);

/* For a child, before exec: all signals as a program expects them. */
void signals_restore(void);

/* Waits up to timeout_ms for a signal; returns its number, or 0. A request to stop is remembered. */
int signals_wait(int timeout_ms);

bool signals_stop_wanted(void);
