/*
 * early_ends.h: threads whose end was reported before their birth: they were killed before their first stop, and the parent's event,
 * which names them, comes after.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define EARLY_ENDS_MAX 64 /* the oldest makes way: a parent that was killed as well never names its child */

struct early_end {
	pid_t tid;
	int status; /* as wait() gives it */
};

struct early_ends {
	struct early_end ends[EARLY_ENDS_MAX];
	size_t next;
};

void early_ends_add(struct early_ends *early, pid_t tid, int status);

/* Takes out the end of tid, which has just been named by its parent; false if it has not ended. */
bool early_ends_take(struct early_ends *early, pid_t tid, int *ret_status);
