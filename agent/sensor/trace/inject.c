#include "agent/sensor/trace/inject.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "agent/sensor/trace/arch.h"
#include "base/attr.h"

#define PAGE	  4096u /* or more */
#define WORD	  sizeof(long)
#define RED_ZONE  128u /* below the stack pointer, in use all the same */
#define ALIGNMENT 16u
#define STEPS_MAX 64 /* stops of other kinds that one call may be interrupted by */

/* sock_fprog of a 64-bit and of a 32-bit program. */
struct program_64 {
	uint16_t count;
	uint64_t code;
};
struct program_32 {
	uint16_t count;
	uint32_t code;
};

/* A thread that is made to do calls. */
struct puppet {
	pid_t tid;
	struct injection *injection;
	struct arch_registers registers; /* its own */
	uint64_t place;			 /* of the word that was written over; 0 = none was */
	long word;
	uint64_t mask; /* signals that it blocks */
};

/* Runs to the next begin or end of a call. */
static enum injection_end step(pid_t tid, struct injection *injection)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		int status;
		pid_t got;

		if (ptrace(PTRACE_SYSCALL, tid, NULL, NULL) < 0 && errno != ESRCH)
			return INJECTION_REFUSED;
		do
			got = waitpid(tid, &status, __WALL | __WNOTHREAD);
		while (got < 0 && errno == EINTR);
		if (got != tid)
			return INJECTION_REFUSED;
		injection->status = status;
		if (!WIFSTOPPED(status))
			return INJECTION_ENDED;
		if (status >> 8 == (SIGTRAP | 0x80))
			return INJECTION_DONE;
		if (status >> 16 == PTRACE_EVENT_STOP)
			injection->is_stopped = true;
		else if (WSTOPSIG(status) == SIGSTOP) /* the one that cannot be blocked */
			injection->signal = SIGSTOP;
		else
			return INJECTION_REFUSED;
	}
	return INJECTION_REFUSED;
}

static enum injection_end call(struct puppet *puppet, int number, const uint64_t args[5])
{
	struct arch_registers registers = puppet->registers;
	struct __ptrace_syscall_info info = { 0 };
	enum injection_end end;

	arch_set_call(&registers, number, args);
	if (!arch_registers_write(puppet->tid, &registers))
		return INJECTION_REFUSED;
	end = step(puppet->tid, puppet->injection);
	if (end == INJECTION_DONE)
		end = step(puppet->tid, puppet->injection);
	if (end != INJECTION_DONE)
		return end;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, puppet->tid, sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_EXIT || info.exit.is_error)
		return INJECTION_REFUSED;
	return INJECTION_DONE;
}

/* Below the stack; returns where, or 0. */
static uint64_t write_filter(const struct puppet *puppet, const struct filter *filter)
{
	size_t size = filter->count * sizeof(*filter->code);
	uint64_t code = (arch_stack(&puppet->registers) - RED_ZONE - size) & ~(uint64_t)(ALIGNMENT - 1);
	uint64_t head = code - ALIGNMENT;
	struct program_64 program_64 = { .count = (uint16_t)filter->count, .code = code };
	struct program_32 program_32 = { .count = (uint16_t)filter->count, .code = (uint32_t)code };
	bool is_native = puppet->registers.arch == ARCH_NATIVE;
	struct iovec ours[] = { { is_native ? (void *)&program_64 : (void *)&program_32,
				  is_native ? sizeof(program_64) : sizeof(program_32) },
				{ (void *)filter->code, size } };
	struct iovec theirs[] = { { (void *)(uintptr_t)head, ours[0].iov_len }, { (void *)(uintptr_t)code, size } };
	ssize_t written = process_vm_writev(puppet->tid, ours, 2, theirs, 2, 0);

	return written == (ssize_t)(ours[0].iov_len + size) ? head : 0;
}

/* Writes the instruction that calls the kernel over the next one. */
static bool write_code(struct puppet *puppet)
{
	uint64_t next = arch_next_instruction(&puppet->registers), last = (next | (PAGE - 1)) + 1 - WORD;
	uint8_t code[ARCH_CALL_CODE_MAX];
	size_t length = arch_call_code(&puppet->registers, code);
	/* Not into the next page, which may not be there, but where the instruction itself reaches into it. */
	uint64_t place = next > last && next + length <= last + WORD ? last : next;
	long word;

	errno = 0;
	puppet->word = word = ptrace(PTRACE_PEEKTEXT, puppet->tid, place, NULL);
	if (errno)
		return false;
	memcpy((char *)&word + (next - place), code, length);
	if (ptrace(PTRACE_POKETEXT, puppet->tid, place, word) < 0)
		return false;
	puppet->place = place;
	return true;
}

static bool block_signals(struct puppet *puppet)
{
	uint64_t all = UINT64_MAX;

	return ptrace(PTRACE_GETSIGMASK, puppet->tid, sizeof(puppet->mask), &puppet->mask) == 0 &&
	       ptrace(PTRACE_SETSIGMASK, puppet->tid, sizeof(all), &all) == 0;
}

static enum injection_end install(struct puppet *puppet, uint64_t program)
{
	const struct arch_info *info = &arch_infos[puppet->registers.arch];
	const uint64_t no_new_privs[5] = { PR_SET_NO_NEW_PRIVS, 1 };
	const uint64_t set_filter[5] = { SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, program };
	enum injection_end end = call(puppet, info->prctl, no_new_privs);

	return end == INJECTION_DONE ? call(puppet, info->seccomp, set_filter) : end;
}

enum injection_end inject_filter(pid_t tid, const struct filter *filter, struct injection *ret)
{
	struct puppet puppet = { .tid = tid, .injection = ret };
	enum injection_end end;
	uint64_t program;

	*ret = (struct injection){ 0 };
	end = step(tid, ret); /* to the end of the exec */
	if (end != INJECTION_DONE || !arch_registers_read(tid, &puppet.registers))
		return end == INJECTION_ENDED ? end : INJECTION_REFUSED;
	program = write_filter(&puppet, filter);
	if (!program || !block_signals(&puppet))
		return INJECTION_REFUSED;
	end = write_code(&puppet) ? install(&puppet, program) : INJECTION_REFUSED;
	if (end == INJECTION_ENDED)
		return end;
	if (puppet.place)
		ptrace(PTRACE_POKETEXT, tid, puppet.place, puppet.word);
	arch_registers_write(tid, &puppet.registers);
	ptrace(PTRACE_SETSIGMASK, tid, sizeof(puppet.mask), &puppet.mask);
	return end;
}
