/* ends.c: every way to end: all exit codes, and all signals that end or dump core, as the parent is told of them. */
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static const int dumps[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGXCPU, SIGXFSZ, SIGSYS };

static int end_of(pid_t child)
{
	int status = -1;

	while (waitpid(child, &status, 0) < 0)
		;
	return status;
}

/* Not raise(): signals that the processor makes take another way through the kernel. */
static void fault(int signal)
{
	if (signal == SIGSEGV)
		*(volatile int *)8 = 1;
#if defined(__x86_64__)
	if (signal == SIGTRAP)
		__asm__ volatile("int3");
	if (signal == SIGILL)
		__asm__ volatile("ud2");
#endif
	kill(getpid(), signal);
	pause();
}

int main(void)
{
	static const struct rlimit core = { 1 << 20, 1 << 20 };
	int wrong = 0;

	setrlimit(RLIMIT_CORE, &core);
	if (chdir("/tmp") < 0)
		return 1;
	for (int code = 0; code < 256; code++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			_exit(code);
		status = end_of(child);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
			wrong++;
	}
	printf("exit codes that were not passed on: %d\n", wrong);
	for (size_t i = 0; i < sizeof(dumps) / sizeof(*dumps); i++) {
		pid_t child = fork();
		int status;

		if (child == 0)
			fault(dumps[i]);
		status = end_of(child);
		printf("signal %d core %d\n", WTERMSIG(status), WCOREDUMP(status) != 0);
		fflush(stdout);
	}
	/* The container's own end is by a signal too. */
	kill(getpid(), SIGKILL);
	pause();
	return 0;
}
