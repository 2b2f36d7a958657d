/*
 * session.c: stands in for the session agent of ECS Exec, in the shape that matters to a sensor: three programs of many threads,
 * each started by a thread of the one before that is not its first.
 *
 * amazon-ssm-agent FILE...   starts the worker; both stay until they are killed
 * ssm-agent-worker FILE...   as soon as FILE is there, starts a session; FILE is "ID COMMAND"
 * ssm-session-worker ID COMMAND    runs /bin/sh on a terminal of its own, types COMMAND into it, and ends with it
 */
#include <err.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define IDLE_THREADS 4
#define FOLDER	     "/managed-agents/execute-command/"

static int count;
static char **args;

static void *idle(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void run(char **argv)
{
	pid_t child = fork();

	if (child == 0) {
		execv(argv[0], argv);
		_exit(127);
	}
	waitpid(child, NULL, 0);
}

static void *agent(void *unused)
{
	args[0] = FOLDER "ssm-agent-worker";
	run(args);
	return unused;
}

static void start_session(const char *path)
{
	char line[1024], *id = line, *command;
	int file = open(path, O_RDONLY);
	ssize_t length = file < 0 ? -1 : read(file, line, sizeof(line) - 1);

	if (length <= 0)
		return;
	close(file);
	unlink(path);
	line[length] = '\0';
	line[strcspn(line, "\n")] = '\0';
	command = strchr(line, ' ');
	*command++ = '\0';
	run((char *[]){ FOLDER "ssm-session-worker", id, command, NULL });
}

static void *worker(void *unused)
{
	for (;;) {
		for (int i = 1; i < count; i++)
			start_session(args[i]);
		usleep(2000);
	}
	return unused;
}

static void *session(void *unused)
{
	int terminal = posix_openpt(O_RDWR | O_NOCTTY), got;
	char text[4096];
	pid_t shell;

	if (terminal < 0 || grantpt(terminal) < 0 || unlockpt(terminal) < 0)
		err(1, "terminal");
	shell = fork();
	if (shell == 0) {
		int side;

		setsid();
		side = open(ptsname(terminal), O_RDWR);
		ioctl(side, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(side, fd);
		execl("/bin/sh", "sh", (char *)NULL);
		_exit(127);
	}
	dprintf(terminal, "%s\nexit\n", args[2]);
	while ((got = (int)read(terminal, text, sizeof(text))) > 0)
		if (write(1, text, (size_t)got) < 0)
			break;
	waitpid(shell, NULL, 0);
	exit(0);
	return unused;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	void *(*act)(void *) = strcmp(name, "ssm-session-worker") == 0 ? session
			       : strcmp(name, "ssm-agent-worker") == 0 ? worker
								       : agent;
	pthread_t thread;

	count = argc;
	args = argv;
	for (int i = 0; i < IDLE_THREADS; i++)
		pthread_create(&thread, NULL, idle, NULL);
	pthread_create(&thread, NULL, act, NULL);
	pthread_join(thread, NULL);
	return 0;
}
