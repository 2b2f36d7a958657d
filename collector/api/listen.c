#include "collector/api/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"
#define TCP_PREFIX  "tcp://"
#define BACKLOG	    64
#define HOST_MAX    256
#define SOCKET_MODE 0660

static int open_unix(const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	AUTO_FD int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(address.sun_path))
		return err_set(err, ERR_LIMIT, "cannot listen on \"%s\": a socket's path has %zu bytes at most", path,
			       sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	if (fd < 0 || probe < 0)
		return err_errno(err, ERR_FAILED, "could not make a socket");
	if (connect(probe, (struct sockaddr *)&address, sizeof(address)) == 0)
		return err_set(err, ERR_FAILED, "could not listen on \"%s\": another process listens there", path);
	/* Only a socket that nobody answers on is removed: what a killed collector left. */
	if (errno == ECONNREFUSED)
		unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, SOCKET_MODE) < 0 ||
	    listen(fd, BACKLOG) < 0)
		return err_errno(err, ERR_FAILED, "could not listen on \"%s\"", path);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

static int split_tcp(const char *url, char host[HOST_MAX], const char **ret_port, struct err *err)
{
	const char *text = url + strlen(TCP_PREFIX), *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (!length || length >= HOST_MAX || !colon[1])
		return err_set(err, ERR_USAGE, "address \"%s\" is not of the form tcp://ADDRESS:PORT", url);
	if (text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	snprintf(host, HOST_MAX, "%.*s", (int)length, text);
	*ret_port = colon + 1;
	return 0;
}

static int open_tcp(const char *url, int *ret_fd, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
				  .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *found = NULL;
	char host[HOST_MAX];
	const char *port = NULL;
	int code, one = 1;

	if (split_tcp(url, host, &port, err) < 0)
		return err->code;
	code = getaddrinfo(host, port, &hints, &found);
	if (code != 0)
		return err_set(err, ERR_USAGE, "cannot listen on \"%s\": %s", url, gai_strerror(code));
	AUTO_FD int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
		code = err_errno(err, ERR_FAILED, "could not listen on \"%s\"", url);
	freeaddrinfo(found);
	if (code < 0)
		return code;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

int listen_open(const char *url, int *ret_fd, const char **ret_path, struct err *err)
{
	bool is_unix = strncmp(url, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;

	if (ret_path)
		*ret_path = is_unix ? url + strlen(UNIX_PREFIX) : NULL;
	if (is_unix)
		return open_unix(url + strlen(UNIX_PREFIX), ret_fd, err);
	if (strncmp(url, TCP_PREFIX, strlen(TCP_PREFIX)) == 0)
		return open_tcp(url, ret_fd, err);
	return err_set(err, ERR_USAGE, "address \"%s\" begins neither with unix: nor with tcp://", url);
}
