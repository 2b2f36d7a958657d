/*
 * act.c ACT [ARGUMENT]...: one act that a rule is about, where a shell cannot do it. Installed under the names that rules
 * look for. Ends with 0 if the act was made, whatever the kernel answered to it.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int act_nothing(char **args)
{
	(void)args;
	return 0;
}

/* Reads a file by the path as it stands, without a shell in between. */
static int act_read(char **args)
{
	char buffer[64];
	int fd = open(args[0], O_RDONLY);

	return fd < 0 || read(fd, buffer, sizeof(buffer)) < 0;
}

/* The same after a while, as a server that has long been running. */
static int act_read_later(char **args)
{
	sleep((unsigned)atoi(args[1]));
	return act_read(args);
}

static int act_unshare(char **args)
{
	(void)args;
	unshare(CLONE_NEWUSER);
	return 0;
}

static int act_setns(char **args)
{
	int fd = open("/proc/self/ns/uts", O_RDONLY);

	(void)args;
	if (fd < 0)
		return 1;
	setns(fd, CLONE_NEWUTS);
	return 0;
}

static int act_packet_socket(char **args)
{
	(void)args;
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}

static int act_setuid(char **args)
{
	/* Refused to anybody but root: the asking is the act. */
	return setuid((uid_t)atoi(args[0])) < 0 && errno != EPERM;
}

/* Becomes a user, then the program. */
static int act_as(char **args)
{
	uid_t uid = (uid_t)atoi(args[0]);

	if (setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		return 1;
	execv(args[1], args + 1);
	return 1;
}

static int act_memfd(char **args)
{
	char *argv[] = { "from-memory", "nothing", NULL };
	int from = open(args[0], O_RDONLY), to = memfd_create("from-memory", MFD_CLOEXEC);
	char buffer[4096];
	ssize_t got;

	if (from < 0 || to < 0)
		return 1;
	while ((got = read(from, buffer, sizeof(buffer))) > 0) {
		if (write(to, buffer, (size_t)got) != got)
			return 1;
	}
	fexecve(to, argv, environ);
	return 1;
}

static int act_traceme(char **args)
{
	(void)args;
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	return 0;
}

static int act_attach(char **args)
{
	pid_t child = fork();

	(void)args;
	if (child == 0) {
		pause();
		_exit(0);
	}
	ptrace(PTRACE_ATTACH, child, NULL, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

/* tcp or udp, address, port */
static int act_connect(char **args)
{
	struct sockaddr_in peer = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(args[2])) };
	int fd = socket(AF_INET, strcmp(args[0], "udp") == 0 ? SOCK_DGRAM : SOCK_STREAM, 0);

	if (inet_pton(AF_INET, args[1], &peer.sin_addr) != 1 || fd < 0)
		return 1;
	return connect(fd, (struct sockaddr *)&peer, sizeof(peer)) < 0;
}

/* Starts a program as its child, as a server does. */
static int act_start(char **args)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		execv(args[0], args);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WEXITSTATUS(status) == 127;
}

static const struct {
	const char *name;
	int args;
	int (*run)(char **args);
} acts[] = {
	{ "read", 1, act_read },
	{ "read-later", 2, act_read_later },
	{ "unshare", 0, act_unshare },
	{ "setns", 0, act_setns },
	{ "packet-socket", 0, act_packet_socket },
	{ "setuid", 1, act_setuid },
	{ "as", 2, act_as },
	{ "memfd", 1, act_memfd },
	{ "traceme", 0, act_traceme },
	{ "attach", 0, act_attach },
	{ "connect", 3, act_connect },
	{ "start", 1, act_start },
};

/* Under another name, or with arguments that mean something to the program it stands for, it only is there. */
int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(acts) / sizeof(*acts); i++) {
		if (strcmp(acts[i].name, argv[1]) == 0 && argc >= acts[i].args + 2)
			return acts[i].run(argv + 2);
	}
	return act_nothing(argv);
}
