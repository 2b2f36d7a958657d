/*
 * processes.c PROGRAM COUNT: so many short-lived processes of PROGRAM as fast as they go, each with a number of its own as its argument,
 * started on as many processors as there are.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Every step-th of the numbers below count, from the first on. Returns 1 if one of them ended otherwise than it should, else 0. */
static int start(const char *program, int first, int step, int count)
{
	int wrong = 0;

	for (int i = first; i < count; i += step) {
		char number[16], *argv[] = { "instant", "child", number, NULL }, *env[] = { NULL };
		pid_t child;
		int status;

		snprintf(number, sizeof(number), "%d", i);
		child = vfork(); /* half the price of a fork(), which would copy what the next moment throws away */
		if (child == 0) {
			execve(program, argv, env);
			_exit(0);
		}
		if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || WEXITSTATUS(status) != i % 256)
			wrong = 1;
	}
	return wrong;
}

static int processors(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
}

int main(int argc, char **argv)
{
	int count = argc > 2 ? atoi(argv[2]) : 0, starters = processors(), wrong = 0, status;
	double begin = now();

	for (int i = 0; i < starters; i++) {
		if (fork() == 0)
			_exit(start(argv[1], i, starters, count));
	}
	while (wait(&status) > 0)
		wrong += status != 0;
	printf("%d processes, %d starters with wrong ones\n", count, wrong);
	dprintf(STDERR_FILENO, "rate %.0f\n", count / (now() - begin));
	return wrong ? 1 : 0;
}
