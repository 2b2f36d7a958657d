/*
 * signals.c: sends itself each of the 64 signals and tells what arrived: number, code and value. Signals 32 and 33 belong
 * to the C library, so handlers are set by the system call itself. What comes from others does not count, and may come at any time: runc passes
 * the SIGURG on by which its own runtime interrupts its threads.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIGNALS 64

struct kernel_sigaction {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static volatile struct {
	int signal, code, value;
} seen;

static void on_signal(int number, siginfo_t *info, void *context)
{
	(void)context;
	if (info->si_code != SI_QUEUE || info->si_pid != getpid())
		return;
	seen.signal = number;
	seen.code = info->si_code;
	seen.value = info->si_value.sival_int;
}

#if defined(__x86_64__)
#define KERNEL_SA_RESTORER 0x04000000ul
void restore(void);
__asm__(".text\n.global restore\nrestore:\n\tmov $15, %eax\n\tsyscall\n");
#else
#define KERNEL_SA_RESTORER 0ul
static void restore(void)
{
}
#endif

static void handle(int number)
{
	struct kernel_sigaction action = { on_signal, SA_SIGINFO | KERNEL_SA_RESTORER, restore, 0 };

	syscall(SYS_rt_sigaction, number, &action, NULL, sizeof(action.mask));
}

static void send(int number)
{
	siginfo_t info;

	memset(&info, 0, sizeof(info));
	info.si_signo = number;
	info.si_code = SI_QUEUE;
	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value.sival_int = 1000 + number;
	syscall(SYS_rt_sigqueueinfo, getpid(), number, &info);
}

static int wait_for(pid_t child, int options)
{
	int status = -1;

	while (waitpid(child, &status, options) < 0 && errno == EINTR)
		;
	return status;
}

static void stop_and_go_on(void)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		for (;;)
			pause();
	}
	kill(child, SIGSTOP);
	status = wait_for(child, WUNTRACED);
	printf("stopped %d by %d\n", WIFSTOPPED(status), WSTOPSIG(status));
	kill(child, SIGCONT);
	status = wait_for(child, WCONTINUED);
	printf("goes on %d\n", WIFCONTINUED(status));
	kill(child, SIGKILL);
	status = wait_for(child, 0);
	printf("killed %d by %d\n", WIFSIGNALED(status), WTERMSIG(status));
}

int main(void)
{
	for (int number = 1; number <= SIGNALS; number++) {
		if (number == SIGKILL || number == SIGSTOP)
			continue;
		handle(number);
		seen.signal = seen.code = seen.value = 0;
		send(number);
		printf("sent %d: got %d code %d value %d\n", number, seen.signal, seen.code, seen.value);
	}
	stop_and_go_on();
	fflush(stdout);
	return 64;
}
