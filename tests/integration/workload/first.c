/*
 * first.c: process 1 of a container, which must not notice that somebody watches it from inside: it starts a child and one that
 * becomes another user, waits for all it has, and says what it saw.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t heard;

static void hear(int number)
{
	heard += number == SIGCHLD;
}

int main(void)
{
	int ended = 0, status;
	pid_t child;

	signal(SIGCHLD, hear);
	printf("process %d, group %d\n", getpid(), getpgrp());
	child = fork();
	if (child == 0) {
		close(open("/tmp/by-child", O_CREAT | O_WRONLY, 0600));
		_exit(3);
	}
	while (waitpid(child, &status, 0) < 0)
		continue;
	printf("child ended with %d\n", WEXITSTATUS(status));
	if (fork() == 0) {
		if (setgid(1000) < 0 || setuid(1000) < 0)
			_exit(9);
		execl("/bin/touch", "touch", "/tmp/by-user", (char *)NULL);
		_exit(8);
	}
	for (;;) {
		if (wait(&status) > 0)
			ended++;
		else if (errno != EINTR)
			break;
	}
	printf("%d more, then %s; %d signals\n", ended, errno == ECHILD ? "nobody" : "trouble", (int)heard);
	close(open("/tmp/last", O_CREAT | O_WRONLY, 0600));
	return 17;
}
