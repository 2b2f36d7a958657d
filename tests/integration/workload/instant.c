/*
 * instant.c: the least program that there is: it ends with its second argument as its code. It is linked with no library, which would have
 * more to do at its start than the kernel has.
 */
#if defined(__x86_64__)
__asm__(".globl _start\n_start:\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\tmov x0, sp\n\tbl begin\n");
#endif

static _Noreturn void leave(long code)
{
#if defined(__x86_64__)
	__asm__ volatile("syscall" : : "a"(231L), "D"(code) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
	register long x0 __asm__("x0") = code, x8 __asm__("x8") = 94;

	__asm__ volatile("svc 0" : : "r"(x0), "r"(x8) : "memory");
#endif
	__builtin_unreachable();
}

/* The stack as the kernel leaves it: the count of arguments, then where each is. */
_Noreturn void begin(const long *stack);
_Noreturn void begin(const long *stack)
{
	const char *number = stack[0] > 2 ? (const char *)stack[3] : "";
	long code = 0;

	while (*number)
		code = code * 10 + (*number++ - '0');
	leave(code % 256);
}
