/*
 * arch.h: what differs between machines: the audit name, call numbers and where registers lie. A port is another block here
 * and another calls_*.def.
 */
#pragma once

#include <linux/audit.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/user.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* Linux 6.6 */
#endif

#if defined(__x86_64__)
#define ARCH_AUDIT	    AUDIT_ARCH_X86_64
#define ARCH_CALLS	    "agent/sensor/trace/calls_x86_64.def"
#define ARCH_FOREIGN_NR	    0x40000000u /* x32 calls have this bit; they run under the same audit name */
#define ARCH_USER_CALL_NR   offsetof(struct user, regs.orig_rax)
#define ARCH_USER_FIRST_ARG offsetof(struct user, regs.rdi)
#else
#error "the trace sensor knows x86-64 only; another machine needs a block here and its own table of calls"
#endif
