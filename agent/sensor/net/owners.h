/*
 * owners.h: which process has a socket open: inode to process, by /proc/PID/fd.
 *
 * Looking through all descriptors of all processes is dear, so the places where sockets were found last are tried first, processes
 * that had some before the others, and one look serves all sockets that are asked for at a time. What looking costs is measured: it
 * may take a tenth of one processor, and what would be more is not looked for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct socket_owner {
	uint64_t inode; /* asked for */
	pid_t pid;	/* 0: nobody has it open, or nobody was asked */
	int fd;
	bool is_shared; /* another process has it open, too; only if everybody was to be asked */
};

struct owners;

struct owners *owners_new(void);	 /* NULL without memory */
void owners_free(struct owners *owners); /* accepts NULL */

/*
 * Fills in pid and fd. wants_all: asks every process even when the first was found, to know whether the socket is shared. False if
 * some were not looked for because looking has cost too much lately.
 */
bool owners_find(struct owners *owners, struct socket_owner *sockets, size_t count, bool wants_all);
