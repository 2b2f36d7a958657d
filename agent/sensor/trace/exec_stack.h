/*
 * exec_stack.h: what a program was started with, as its new stack has it at the stop of exec, before its first instruction.
 *
 * One read of memory instead of files of /proc, each of which the kernel makes anew for each process. The layout is the one of
 * System V for 64-bit programs: number of arguments, their addresses, 0, addresses of the environment, 0, pairs of numbers ended
 * by AT_NULL; the texts lie above, the arguments one behind the other up to the environment (Linux, fs/binfmt_elf.c). Whoever
 * may write to the process may have changed it meanwhile, so nothing in it is trusted to make sense.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/proc/proc.h"

#define EXEC_STACK_MAX 8192 /* bytes that are looked at: about 900 arguments and variables together */

#define EXEC_COMM_MAX 16 /* TASK_COMM_LEN of the kernel */

struct exec_stack {
	uint64_t args, args_length; /* address and length of the arguments, each ended by NUL */
	uint64_t path;		    /* address of the path that was executed */
	uint32_t uid, gid;	    /* effective, as the process's user namespace has them */
};

/* Finds its way in the first size bytes of a stack. False if they do not suffice or make no sense. */
bool exec_stack_parse(const void *data, size_t size, struct exec_stack *ret);

struct exec_start {
	const char *args; /* as in /proc/PID/cmdline; in one of the buffers */
	size_t args_length;
	bool is_cut;	  /* there were more */
	const char *comm; /* what the kernel calls the program; NULL = ask it */
	uint32_t uid, gid;
	char name[EXEC_COMM_MAX];
	uint64_t stack[EXEC_STACK_MAX / sizeof(uint64_t)];
	char line[PROC_CMDLINE_MAX], path[PATH_MAX]; /* what does not lie in stack */
};

/* Reads that of tid, whose stack starts at address. False: ask /proc. */
bool exec_stack_read(pid_t tid, uint64_t address, struct exec_start *ret);
