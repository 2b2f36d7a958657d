#include "agent/gate.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define HELLO_WAIT_MS 500 /* a launcher speaks at once */
#define BACKLOG	      64

struct gate {
	struct gate_conf conf;
	int listener, stop;
	pthread_t thread;
	bool has_thread;
	pthread_mutex_t lock; /* guards: requests, count */
	struct gate_request requests[GATE_QUEUE_MAX];
	size_t count;
};

static int bind_socket(struct gate *gate, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = gate->conf.path;
	struct stat status;

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path))
		return err_set(err, ERR_USAGE, "the path of the socket is longer than %zu bytes",
			       sizeof(address.sun_path) - 1);
	if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode))
		unlink(path);
	gate->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (gate->listener < 0 || bind(gate->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, 0666) < 0 || listen(gate->listener, BACKLOG) < 0)
		return err_errno(err, ERR_FAILED, "could not listen on \"%s\"", path);
	return 0;
}

static bool receive(int fd, void *out, size_t size)
{
	return size == 0 || recv(fd, out, size, MSG_WAITALL) == (ssize_t)size;
}

/* Hears the hello; says why not in *ret_reason, and what then. */
static bool hear(struct gate_request *request, const char **ret_reason, enum launch_verdict *ret_verdict)
{
	struct timeval wait = { 0, HELLO_WAIT_MS * 1000 };
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);
	struct launch_hello hello;

	*ret_reason = "the hello is malformed";
	*ret_verdict = LAUNCH_UNFILTERED;
	setsockopt(request->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (!receive(request->fd, &hello, sizeof(hello)) || hello.magic != LAUNCH_MAGIC ||
	    hello.version < LAUNCH_VERSION_MIN)
		return false;
	if (hello.version > LAUNCH_VERSION) {
		*ret_reason = "the launcher is newer than the sensor";
		return false;
	}
	request->version = hello.version;
	if (hello.uri_length > LAUNCH_URI_MAX || !receive(request->fd, request->uri, hello.uri_length))
		return false;
	request->uri[hello.uri_length] = '\0';
	*ret_reason = "it is in another pid namespace; the task needs pidMode \"task\"";
	*ret_verdict = LAUNCH_INSIDE;
	if (getsockopt(request->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	request->pid = peer.pid;
	return peer.pid > 0;
}

static bool queue(struct gate *gate, const struct gate_request *request)
{
	bool fits;

	pthread_mutex_lock(&gate->lock);
	fits = gate->count < GATE_QUEUE_MAX;
	if (fits)
		gate->requests[gate->count++] = *request;
	pthread_mutex_unlock(&gate->lock);
	return fits;
}

static void admit(struct gate *gate, int fd)
{
	struct gate_request request = { .fd = fd, .version = LAUNCH_VERSION };
	enum launch_verdict verdict;
	const char *reason;

	if (!hear(&request, &reason, &verdict)) {
		gate_answer(&request, verdict, NULL, reason);
		return;
	}
	if (gate->conf.prepare)
		request.prepared = gate->conf.prepare(gate->conf.context, &request);
	if (queue(gate, &request))
		gate->conf.wake(gate->conf.context);
	else
		gate_answer(&request, LAUNCH_UNFILTERED, NULL, "too many launchers wait");
}

static void *serve(void *argument)
{
	struct gate *gate = argument;
	struct pollfd fds[] = { { gate->listener, POLLIN, 0 }, { gate->stop, POLLIN, 0 } };

	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		int fd;

		if (fds[1].revents)
			break;
		fd = accept4(gate->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			admit(gate, fd);
	}
	return NULL;
}

int gate_open(const struct gate_conf *conf, struct gate **ret, struct err *err)
{
	struct gate *gate = calloc(1, sizeof(*gate));

	if (!gate)
		return err_set(err, ERR_MEMORY, "out of memory");
	gate->conf = *conf;
	gate->listener = -1;
	pthread_mutex_init(&gate->lock, NULL);
	gate->stop = eventfd(0, EFD_CLOEXEC);
	if (gate->stop < 0 || bind_socket(gate, err) < 0) {
		gate_close(gate);
		return err->code;
	}
	gate->has_thread = pthread_create(&gate->thread, NULL, serve, gate) == 0;
	if (!gate->has_thread) {
		gate_close(gate);
		return err_set(err, ERR_FAILED, "could not start a thread");
	}
	*ret = gate;
	return 0;
}

void gate_close(struct gate *gate)
{
	struct gate_request request;

	if (!gate)
		return;
	if (gate->has_thread) {
		eventfd_write(gate->stop, 1);
		pthread_join(gate->thread, NULL);
		unlink(gate->conf.path);
	}
	while (gate_take(gate, &request))
		gate_answer(&request, LAUNCH_UNFILTERED, NULL, "the sensor is going down");
	close_fd(&gate->listener);
	close_fd(&gate->stop);
	pthread_mutex_destroy(&gate->lock);
	free(gate);
}

bool gate_take(struct gate *gate, struct gate_request *ret)
{
	bool found;

	pthread_mutex_lock(&gate->lock);
	found = gate->count > 0;
	if (found) {
		*ret = gate->requests[0];
		gate->count--;
		memmove(gate->requests, gate->requests + 1, gate->count * sizeof(*gate->requests));
	}
	pthread_mutex_unlock(&gate->lock);
	return found;
}

/* The nearest to verdict that a launcher of that version knows. */
static enum launch_verdict known_to(uint16_t version, enum launch_verdict verdict)
{
	return verdict == LAUNCH_INSIDE && version < LAUNCH_VERSION_INSIDE ? LAUNCH_UNFILTERED : verdict;
}

void gate_answer(struct gate_request *request, enum launch_verdict verdict, const struct filter *filter,
		 const char *reason)
{
	char message[sizeof(struct launch_reply) + sizeof(filter->code) + LAUNCH_REASON_MAX];
	size_t filter_size = verdict == LAUNCH_GO ? filter->count * sizeof(*filter->code) : 0;
	size_t reason_length = reason ? strnlen(reason, LAUNCH_REASON_MAX) : 0;
	struct launch_reply reply = {
		.magic = LAUNCH_MAGIC,
		.version = request->version,
		.verdict = (uint16_t)known_to(request->version, verdict),
		.filter_count = (uint16_t)(filter_size / sizeof(struct sock_filter)),
		.reason_length = (uint16_t)reason_length,
	};

	memcpy(message, &reply, sizeof(reply));
	if (filter_size)
		memcpy(message + sizeof(reply), filter->code, filter_size);
	if (reason_length)
		memcpy(message + sizeof(reply) + filter_size, reason, reason_length);
	/* It fits into an empty socket buffer. A launcher that is gone needs no answer. */
	if (send(request->fd, message, sizeof(reply) + filter_size + reason_length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		errno = 0;
	close_fd(&request->fd);
}
