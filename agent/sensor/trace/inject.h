/*
 * inject.h: puts a filter on a program that has just been executed, by making it call prctl() and seccomp() before its first
 * instruction.
 *
 * The instruction is written over the program's first one for that time, and the filter below its stack: ptrace(2), seccomp(2). It
 * has one thread and has not run yet, so nothing in it can see this or stand in its way.
 */
#pragma once

#include <sys/types.h>

#include "agent/sensor/trace/filter.h"

enum injection_end {
	INJECTION_DONE,	   /* the filter is installed */
	INJECTION_REFUSED, /* the program runs on without it */
	INJECTION_ENDED,   /* it was killed: status is its wait status, which nobody else gets */
};

struct injection {
	int status;
	int signal;	 /* that came meanwhile, to be passed on when it is resumed; 0 = none */
	bool is_stopped; /* it was stopped by job control meanwhile: ask for that stop again */
};

/* tid is stopped by PTRACE_EVENT_EXEC; afterwards by the end of a call. */
enum injection_end inject_filter(pid_t tid, const struct filter *filter, struct injection *ret);
