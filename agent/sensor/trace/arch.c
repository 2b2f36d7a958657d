#include "agent/sensor/trace/arch.h"

#include <elf.h>
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

const struct arch_info arch_infos[ARCH_COUNT] = {
	[ARCH_X86_64] = { AUDIT_ARCH_X86_64, 56, 435, -1, 157, 317 },
	[ARCH_I386] = { AUDIT_ARCH_I386, 120, 435, 102, 172, 354 },
	[ARCH_ARM64] = { AUDIT_ARCH_AARCH64, 220, 435, -1, 167, 277 },
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

/* A call of number -1 is passed over; what stands in rax then is its result. */
bool arch_refuse_call(pid_t tid)
{
	return ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, regs.orig_rax), (void *)-1L) == 0 &&
	       ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, regs.rax), (void *)(long)-ENOSYS) == 0;
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

bool arch_registers_read(pid_t tid, struct arch_registers *ret)
{
	if (ptrace(PTRACE_GETREGS, tid, NULL, &ret->values) < 0)
		return false;
	ret->arch = ret->values.cs == CODE_SEGMENT_64 ? ARCH_X86_64 : ARCH_I386;
	return true;
}

bool arch_registers_write(pid_t tid, const struct arch_registers *registers)
{
	return ptrace(PTRACE_SETREGS, tid, NULL, &registers->values) == 0;
}

size_t arch_call_code(const struct arch_registers *registers, uint8_t out[ARCH_CALL_CODE_MAX])
{
	static const uint8_t syscall_code[] = { 0x0f, 0x05 }, int80_code[] = { 0xcd, 0x80 };

	memcpy(out, registers->arch == ARCH_I386 ? int80_code : syscall_code, sizeof(syscall_code));
	return sizeof(syscall_code);
}

void arch_set_call(struct arch_registers *registers, int number, const uint64_t args[5])
{
	struct user_regs_struct *values = &registers->values;

	values->rax = (unsigned long long)number;
	values->orig_rax = (unsigned long long)-1; /* not in a call: nothing is to be started again */
	if (registers->arch == ARCH_I386) {
		values->rbx = args[0];
		values->rcx = args[1];
		values->rdx = args[2];
		values->rsi = args[3];
		values->rdi = args[4];
		return;
	}
	values->rdi = args[0];
	values->rsi = args[1];
	values->rdx = args[2];
	values->r10 = args[3];
	values->r8 = args[4];
}

uint64_t arch_next_instruction(const struct arch_registers *registers)
{
	return registers->values.rip;
}

uint64_t arch_stack(const struct arch_registers *registers)
{
	return registers->values.rsp;
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

/* A call of number -1 is passed over; what stands in the first register then is its result. */
bool arch_refuse_call(pid_t tid)
{
	int number = -1;
	struct iovec place = { &number, sizeof(number) };

	return ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &place) == 0 &&
	       arch_set_first_argument(tid, ARCH_NATIVE, (uint64_t)-ENOSYS);
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

bool arch_registers_read(pid_t tid, struct arch_registers *ret)
{
	struct iovec place = { &ret->values, sizeof(ret->values) };

	ret->arch = ARCH_ARM64;
	/* The set of a 32-bit program is shorter. */
	return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &place) == 0 && place.iov_len == sizeof(ret->values);
}

bool arch_registers_write(pid_t tid, const struct arch_registers *registers)
{
	struct user_regs_struct values = registers->values;
	struct iovec place = { &values, sizeof(values) };

	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &place) == 0;
}

size_t arch_call_code(const struct arch_registers *registers, uint8_t out[ARCH_CALL_CODE_MAX])
{
	static const uint8_t svc_code[] = { 0x01, 0x00, 0x00, 0xd4 };

	(void)registers;
	memcpy(out, svc_code, sizeof(svc_code));
	return sizeof(svc_code);
}

void arch_set_call(struct arch_registers *registers, int number, const uint64_t args[5])
{
	memcpy(registers->values.regs, args, 5 * sizeof(*args));
	registers->values.regs[8] = (unsigned long long)number;
}

uint64_t arch_next_instruction(const struct arch_registers *registers)
{
	return registers->values.pc;
}

uint64_t arch_stack(const struct arch_registers *registers)
{
	return registers->values.sp;
}

#endif

bool arch_shares_memory(pid_t tid)
{
	uint64_t flags;

	return arch_call_number(tid) == arch_infos[ARCH_NATIVE].clone && arch_first_argument(tid, &flags) &&
	       (flags & CLONE_VM);
}
