#include "agent/sensor/trace/arch.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

const struct arch_info arch_infos[ARCH_COUNT] = {
	[ARCH_X86_64] = { AUDIT_ARCH_X86_64, 56, 435, -1 },
	[ARCH_I386] = { AUDIT_ARCH_I386, 120, 435, 102 },
	[ARCH_ARM64] = { AUDIT_ARCH_AARCH64, 220, 435, -1 },
};

int arch_find(uint32_t audit)
{
	for (int arch = 0; arch < ARCH_COUNT; arch++) {
		if (arch_infos[arch].audit == audit)
			return arch;
	}
	return -1;
}

#if defined(__x86_64__)

#define CODE_SEGMENT_64 0x33 /* __USER_CS of the kernel: a 64-bit program */

bool arch_set_first_argument(pid_t tid, enum arch arch, uint64_t value)
{
	size_t place = arch == ARCH_I386 ? offsetof(struct user, regs.rbx) : offsetof(struct user, regs.rdi);

	return ptrace(PTRACE_POKEUSER, tid, place, value) == 0;
}

bool arch_first_argument(pid_t tid, uint64_t *ret)
{
	errno = 0;
	*ret = (uint64_t)ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user, regs.rdi), NULL);
	return errno == 0;
}

long arch_call_number(pid_t tid)
{
	return ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user, regs.orig_rax), NULL);
}

bool arch_after_exec(pid_t tid, long *ret_number, uint64_t *ret_stack)
{
	struct user_regs_struct registers;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &registers) < 0)
		return false;
	*ret_number = (long)registers.orig_rax;
	*ret_stack = registers.cs == CODE_SEGMENT_64 ? registers.rsp : 0;
	return true;
}

#else

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

bool arch_set_first_argument(pid_t tid, enum arch arch, uint64_t value)
{
	struct user_regs_struct registers;
	struct iovec place = { &registers, sizeof(registers) };

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &place) < 0)
		return false;
	(void)arch;
	registers.regs[0] = value;
	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &place) == 0;
}

/* The result of the call has taken its place. */
bool arch_first_argument(pid_t tid, uint64_t *ret)
{
	(void)tid;
	*ret = CLONE_VM;
	return true;
}

long arch_call_number(pid_t tid)
{
	int number = -1;
	struct iovec place = { &number, sizeof(number) };

	return ptrace(PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL, &place) < 0 ? -1 : number;
}

bool arch_after_exec(pid_t tid, long *ret_number, uint64_t *ret_stack)
{
	struct user_regs_struct registers;
	struct iovec place = { &registers, sizeof(registers) };

	*ret_number = arch_call_number(tid);
	if (*ret_number < 0 || ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &place) < 0)
		return false;
	/* 32-bit programs have a smaller set of registers */
	*ret_stack = place.iov_len == sizeof(registers) ? registers.sp : 0;
	return true;
}

#endif
