#include "bus/socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/attr.h"
#include "base/time.h"
#include "bus/monitor.h"

#define CLOSE_PATIENCE_NS (2 * NS_PER_S)

struct closing {
	struct monitor monitor;
	nng_socket socket;
	bool done, abandoned;
};

static void closing_free(struct closing *closing)
{
	monitor_fini(&closing->monitor);
	free(closing);
}

static void *closing_run(void *context)
{
	struct closing *closing = context;
	bool abandoned;

	nng_close(closing->socket);
	monitor_lock(&closing->monitor);
	closing->done = true;
	abandoned = closing->abandoned;
	monitor_notify(&closing->monitor);
	monitor_unlock(&closing->monitor);
	if (abandoned)
		closing_free(closing);
	return NULL;
}

void socket_close(nng_socket socket)
{
	int64_t deadline = time_monotonic_ns() + CLOSE_PATIENCE_NS;
	struct closing *closing = calloc(1, sizeof(*closing));
	pthread_t thread;
	bool done;

	if (!closing)
		return;
	monitor_init(&closing->monitor);
	closing->socket = socket;
	if (pthread_create(&thread, NULL, closing_run, closing)) {
		closing_free(closing);
		return;
	}
	monitor_lock(&closing->monitor);
	while (!closing->done && time_monotonic_ns() < deadline)
		monitor_wait(&closing->monitor, deadline);
	done = closing->done;
	closing->abandoned = !done;
	monitor_unlock(&closing->monitor);
	if (!done) {
		pthread_detach(thread);
		return;
	}
	pthread_join(thread, NULL);
	closing_free(closing);
}

/*
 * Stands before the C library's, for nng 1.5.2, which lets 128 wait that it has not accepted yet. Of a thousand agents that come at once the
 * rest were not heard by the kernel, and tried again only after 1, 3 and 7 seconds. The system has a limit of its own (somaxconn).
 */
int listen(int fd, int waiting UNUSED)
{
	return (int)syscall(SYS_listen, fd, SOMAXCONN);
}

/*
 * Stands before the C library's, for nng 1.5.2: when somebody connects and is gone before the greeting, that fails with
 * EPIPE, which nng takes for its own listener being closed, and never accepts again (its issue 1518). ECONNRESET it survives.
 * Whoever may connect could stop a collector for ever; a sender does it by chance, for nng dials again at once in half of
 * all cases, whatever it was told (a negative remainder), and that attempt is given up.
 */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t sent = syscall(SYS_sendmsg, fd, message, flags);

	if (sent < 0 && errno == EPIPE)
		errno = ECONNRESET;
	return sent;
}
