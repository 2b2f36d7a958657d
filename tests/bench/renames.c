/* renames SECONDS FOLDER COUNT: COUNT processes rename a file of their own there and back, as often as they can; says how often all did. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES_MAX 64
#define TURNS	      100 /* between two looks at the clock */

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static long rename_until(const char *folder, double end)
{
	char one[4096], other[4096];
	long count = 0;

	snprintf(one, sizeof(one), "%s/%d-one", folder, getpid());
	snprintf(other, sizeof(other), "%s/%d-other", folder, getpid());
	fclose(fopen(one, "w"));
	while (now() < end) {
		for (int i = 0; i < TURNS; i++)
			count += rename(i % 2 ? other : one, i % 2 ? one : other) == 0;
	}
	return count;
}

int main(int argc, char **argv)
{
	int processes = argc == 4 ? atoi(argv[3]) : 0;
	long *counts, sum = 0;
	double end;

	if (processes < 1 || processes > PROCESSES_MAX)
		return 2;
	counts = mmap(NULL, PROCESSES_MAX * sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (counts == MAP_FAILED)
		return 1;
	end = now() + atof(argv[1]);
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			counts[i] = rename_until(argv[2], end);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < processes; i++)
		sum += counts[i];
	printf("%ld\n", sum);
	return 0;
}
