/*
 * What following costs anybody: a tracer that seizes a command and all it starts, looks at nothing and lets every stop go on.
 * usage: resume COMMAND [ARGUMENT...]
 */
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS (PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

static void follow(void)
{
	int status;
	pid_t tid;

	while ((tid = waitpid(-1, &status, __WALL)) > 0) {
		int signal = WIFSTOPPED(status) && status >> 16 == 0 ? WSTOPSIG(status) : 0;

		if (WIFSTOPPED(status))
			ptrace(PTRACE_CONT, tid, NULL, (void *)(long)signal);
	}
}

int main(int argc, char **argv)
{
	pid_t child = argc > 1 ? fork() : -1;

	if (child == 0) {
		raise(SIGSTOP);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (child < 0 || waitpid(child, NULL, WUNTRACED) != child || ptrace(PTRACE_SEIZE, child, NULL, OPTIONS) < 0) {
		perror("resume");
		return 1;
	}
	kill(child, SIGCONT);
	follow();
	return 0;
}
