/*
 * arch.h: what differs between machines: the tables of calls that a filter meets, and how a stopped thread's registers are
 * changed. A port is a column of numbers.def and a block here.
 */
#pragma once

#include <linux/audit.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "agent/sensor/call_numbers.h"

#if defined(__x86_64__)
#define ARCH_NATIVE	ARCH_X86_64
#define ARCH_SECOND	ARCH_I386
#define ARCH_FOREIGN_NR 0x40000000u /* x32 calls have this bit; they run under the same audit name */
#elif defined(__aarch64__)
#define ARCH_NATIVE ARCH_ARM64
#else
#error "the trace sensor knows x86-64 and arm64; another machine needs a column of numbers.def and a block here"
#endif

/* One table of calls, as seccomp tells it apart, and the calls in it that could get a process out of sight. */
struct arch_info {
	uint32_t audit;
	int clone, clone3;
	int socketcall; /* the call that is all calls of sockets; -1 = there is none */
	int prctl, seccomp;
};

extern const struct arch_info arch_infos[ARCH_COUNT];

/* The table that audit names, or -1. */
int arch_find(uint32_t audit);

/* Changes the first argument of the call of that table that tid is about to make. False if it is gone. */
bool arch_set_first_argument(pid_t tid, enum arch arch, uint64_t value);

/* The call that tid is about to make, as a filter stopped it, is not made, and fails with ENOSYS. False if tid is gone. */
bool arch_refuse_call(pid_t tid);

/* The first argument of the call that tid has just made. */
bool arch_first_argument(pid_t tid, uint64_t *ret);

/* Number of the call that tid made last; -1 if it is gone. */
long arch_call_number(pid_t tid);

/* True if the call that tid has just made a child with was a clone that left both in one memory. */
bool arch_shares_memory(pid_t tid);

/* At the stop of an exec: which call it was, and where the new stack starts; 0 if the program is not of the native table. False if tid is gone. */
bool arch_after_exec(pid_t tid, long *ret_number, uint64_t *ret_stack);

/* All registers of a stopped thread, for calls that it is made to do. */
struct arch_registers {
	struct user_regs_struct values;
	enum arch arch; /* whose numbers its own calls have */
};

/* False if the thread is gone, or runs a program of another kind than the filter knows. */
bool arch_registers_read(pid_t tid, struct arch_registers *ret);
bool arch_registers_write(pid_t tid, const struct arch_registers *registers);

#define ARCH_CALL_CODE_MAX 4

/* The instruction that calls the kernel; returns its length. */
size_t arch_call_code(const struct arch_registers *registers, uint8_t out[ARCH_CALL_CODE_MAX]);

/* Registers with which that instruction makes the call number; the rest stays. */
void arch_set_call(struct arch_registers *registers, int number, const uint64_t args[5]);

uint64_t arch_next_instruction(const struct arch_registers *registers);
uint64_t arch_stack(const struct arch_registers *registers); /* below it, and 128 bytes more, nothing is in use */
