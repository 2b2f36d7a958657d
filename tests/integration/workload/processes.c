/* processes.c N: N short-lived processes as fast as they go, each with a number of its own as its argument. */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 2000, wrong = 0;
	double start = now();

	if (argc > 2) /* as a child */
		return atoi(argv[2]) % 256;
	for (int i = 0; i < count; i++) {
		char number[16], *child_argv[] = { argv[0], "child", number, NULL };
		pid_t child;
		int status;

		snprintf(number, sizeof(number), "%d", i);
		if (posix_spawn(&child, "/proc/self/exe", NULL, NULL, child_argv, NULL) ||
		    waitpid(child, &status, 0) < 0 || WEXITSTATUS(status) != i % 256)
			wrong++;
	}
	printf("%d processes, %d wrong\n", count, wrong);
	dprintf(STDERR_FILENO, "rate %.0f\n", count / (now() - start));
	return wrong ? 1 : 0;
}
