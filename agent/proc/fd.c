#include "agent/proc/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/proc/proc.h"
#include "agent/proc/turn.h"
#include "agent/sensor/address.h"
#include "base/attr.h"
#include "base/file.h"

/* What /proc/PID/fd/N leads to, by how it begins; Falco's words. */
static const struct {
	const char *prefix, *type;
	char letter;
} kinds[] = {
	{ "pipe:", "pipe", 'p' },
	{ "/memfd:", "memfd", 'm' },
	{ "anon_inode:[eventfd]", "event", 'e' },
	{ "anon_inode:[signalfd]", "signalfd", 's' },
	{ "anon_inode:[eventpoll]", "eventpoll", 'l' },
	{ "anon_inode:inotify", "inotify", 'i' },
	{ "anon_inode:[timerfd]", "timerfd", 't' },
	{ "anon_inode:bpf", "bpf", 'b' },
	{ "anon_inode:[userfaultfd]", "userfaultfd", 'u' },
	{ "anon_inode:[io_uring]", "io_uring", 'r' },
	{ "anon_inode:[pidfd]", "pidfd", 'P' },
};

static void link_name(pid_t tid, int fd, char out[64])
{
	snprintf(out, 64, "/proc/%d/fd/%d", tid, fd);
}

static void set_type(struct proc_fd *fd, const char *type, char letter)
{
	fd->type = type;
	fd->letter = letter;
}

static void socket_type(pid_t tid, int number, struct proc_fd *ret)
{
	struct sensor_socket socket = { .fd = number };

	set_type(ret, "unknown", 'o');
	if (!proc_socket_read(tid, number, &socket))
		return;
	if (socket.family == AF_INET)
		set_type(ret, "ipv4", '4');
	else if (socket.family == AF_INET6)
		set_type(ret, "ipv6", '6');
	else if (socket.family == AF_UNIX)
		set_type(ret, "unix", 'u');
	else if (socket.family == AF_NETLINK)
		set_type(ret, "netlink", 'n');
}

bool proc_fd_read(pid_t tid, int fd, struct proc_fd *ret)
{
	char name[16];
	struct stat status;

	snprintf(name, sizeof(name), "fd/%d", fd);
	if (fd < 0 || !proc_link(tid, name, ret->name))
		return false;
	if (strncmp(ret->name, "socket:", strlen("socket:")) == 0) {
		socket_type(tid, fd, ret);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strncmp(ret->name, kinds[i].prefix, strlen(kinds[i].prefix)) != 0)
			continue;
		set_type(ret, kinds[i].type, kinds[i].letter);
		return true;
	}
	set_type(ret, "file", 'f');
	if (proc_fd_stat(tid, fd, &status) && S_ISDIR(status.st_mode))
		set_type(ret, "directory", 'd');
	return true;
}

bool proc_fd_stat(pid_t tid, int fd, struct stat *ret)
{
	char name[64];
	struct turn *turn = turn_pause();
	int code;

	link_name(tid, fd, name);
	code = stat(name, ret);
	turn_resume(turn);
	return code == 0;
}

static int borrow(pid_t tid, int fd)
{
	AUTO_FD int process = -1;
	struct proc_status status;
	pid_t pid = tid;

	/* A pidfd is of a whole process. */
	process = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process < 0 && proc_status_read(tid, &status)) {
		pid = status.tgid;
		process = (int)syscall(SYS_pidfd_open, pid, 0);
	}
	return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

static int option_of(int fd, int option)
{
	int value = 0;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? 0 : value;
}

bool proc_socket_read(pid_t tid, int number, struct sensor_socket *socket)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	AUTO_FD int fd = number < 0 ? -1 : borrow(tid, number);

	if (fd < 0 || !option_of(fd, SO_TYPE))
		return false;
	socket->family = option_of(fd, SO_DOMAIN);
	socket->type = option_of(fd, SO_TYPE);
	socket->protocol = option_of(fd, SO_PROTOCOL);
	if (!socket->local.family && getsockname(fd, (struct sockaddr *)&address, &size) == 0)
		address_read(&address, size, &socket->local);
	size = sizeof(address);
	if (getpeername(fd, (struct sockaddr *)&address, &size) < 0)
		return true;
	socket->is_connected = true;
	if (!socket->remote.family)
		address_read(&address, size, &socket->remote);
	return true;
}

pid_t proc_pidfd_target(pid_t tid, int fd)
{
	char path[64], text[1024];
	const char *line;
	ssize_t length;
	AUTO_FD int info = -1;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	length = info >= 0 ? read(info, text, sizeof(text) - 1) : 0;
	text[length > 0 ? length : 0] = '\0';
	line = strstr(text, "\nPid:\t");
	return line ? (pid_t)strtol(line + strlen("\nPid:\t"), NULL, 10) : 0;
}
