/*
 * pid_table.h: pointers by process id: two levels of arrays, so that finding one is two loads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PID_LIMIT	 (1 << 22) /* the kernel's own ceiling of pid_max */
#define PID_PAGE_ENTRIES 1024

struct pid_page {
	void *entries[PID_PAGE_ENTRIES];
};

struct pid_table {
	struct pid_page *pages[PID_LIMIT / PID_PAGE_ENTRIES];
	size_t count;
};

struct pid_table *pid_table_new(void);	      /* NULL without memory */
void pid_table_free(struct pid_table *table); /* accepts NULL; frees no value */

void *pid_table_get(const struct pid_table *table, pid_t pid); /* NULL if absent */
bool pid_table_put(struct pid_table *table, pid_t pid,
		   void *value); /* replaces; NULL removes; false without memory */

/* The next pid above after that has a value, or 0: for (pid = 0; (pid = pid_table_next(table, pid));) */
pid_t pid_table_next(const struct pid_table *table, pid_t after);
