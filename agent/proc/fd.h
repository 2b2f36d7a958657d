/*
 * fd.h: what a descriptor of another process is.
 */
#pragma once

#include <limits.h>

#include "agent/sensor/sensor.h"

struct proc_fd {
	const char *type;    /* as fd.type: file, directory, pipe, ipv4, ipv6, unix, event ... */
	char letter;	     /* as fd.typechar */
	char name[PATH_MAX]; /* path in the root of the process, or what /proc calls it */
};

/* False if there is no such descriptor, or it may not be asked for. */
bool proc_fd_read(pid_t tid, int fd, struct proc_fd *ret);

/*
 * Fills what *socket does not know yet of the socket that is descriptor fd of tid, by borrowing it (pidfd_getfd, Linux 5.6).
 * False if it is no socket, or may not be borrowed.
 */
bool proc_socket_read(pid_t tid, int fd, struct sensor_socket *socket);

/* The process that descriptor fd of tid stands for (a pidfd), or 0. */
pid_t proc_pidfd_target(pid_t tid, int fd);

struct stat;

/* Status of the file that is descriptor fd of tid. */
bool proc_fd_stat(pid_t tid, int fd, struct stat *ret);
