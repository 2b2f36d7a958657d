/* threads.c N: N threads at once, each makes a file, renames and removes it; then one that is not the first execs. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_barrier_t start;

static void *work(void *argument)
{
	long number = (long)argument;
	char path[64], moved[64];

	pthread_barrier_wait(&start);
	snprintf(path, sizeof(path), "/tmp/thread-%ld", number);
	snprintf(moved, sizeof(moved), "/tmp/thread-%ld.moved", number);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	if (rename(path, moved) < 0 || unlink(moved) < 0)
		abort();
	return NULL;
}

static void *become(void *argument)
{
	(void)argument;
	execl("/bin/echo", "echo", "by a thread", NULL);
	abort();
}

int main(int argc, char **argv)
{
	int count = argc > 1 ? atoi(argv[1]) : 500;
	pthread_t *threads = calloc((size_t)count, sizeof(*threads)), last;
	pthread_attr_t small;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	pthread_barrier_init(&start, NULL, (unsigned)count);
	for (long i = 0; i < count; i++) {
		if (pthread_create(&threads[i], &small, work, (void *)i))
			return 1;
	}
	for (int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	printf("%d threads in one process of number %s\n", count, getpid() > 0 ? "its own" : "?");
	fflush(stdout);
	pthread_create(&last, NULL, become, NULL);
	pause();
	return 1;
}
