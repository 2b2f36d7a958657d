#include "agent/launch/client.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>

#include "agent/launch/handshake.h"
#include "base/file.h"
#include "base/time.h"

#define CONNECT_STEP_MS 20
#define SPEAKS_EARLIER	2 /* beside 0 and CLIENT_INSIDE */

static int64_t left_ns(int64_t deadline_ns)
{
	int64_t left = deadline_ns - time_monotonic_ns();

	return left > NS_PER_MS ? left : NS_PER_MS;
}

/* A sidecar that starts at the same moment may not listen yet. */
static bool connect_patiently(int fd, const struct sockaddr_un *address, int64_t deadline_ns)
{
	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if ((errno != ENOENT && errno != ECONNREFUSED) || time_monotonic_ns() >= deadline_ns)
			return false;
		usleep(CONNECT_STEP_MS * 1000);
	}
	return true;
}

static int connect_to(const char *path, const struct client_wait *wait, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval step = { LAUNCH_WAIT_MS / 1000, (LAUNCH_WAIT_MS % 1000) * 1000 };
	AUTO_FD int fd = -1;
	int connected;

	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >= sizeof(address.sun_path))
		return err_set(err, ERR_USAGE, "the path of the socket is longer than %zu bytes",
			       sizeof(address.sun_path) - 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(err, ERR_FAILED, "could not make a socket");
	/* Bounds connect() as well: it waits while the sidecar's queue is full. */
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &step, sizeof(step));
	if (!connect_patiently(fd, &address, wait->deadline_ns))
		return err_errno(err, ERR_UNREACHABLE, "could not reach the sensor at \"%s\"", path);
	connected = fd;
	fd = -1;
	return connected;
}

static int say_hello(int fd, uint16_t version, struct err *err)
{
	const char *uri = getenv("ECS_CONTAINER_METADATA_URI_V4");
	size_t length = uri ? strlen(uri) : 0;
	struct launch_hello hello = { LAUNCH_MAGIC, version, 0 };
	char message[sizeof(hello) + LAUNCH_URI_MAX];

	if (length > LAUNCH_URI_MAX)
		length = 0;
	hello.uri_length = (uint16_t)length;
	memcpy(message, &hello, sizeof(hello));
	if (length)
		memcpy(message + sizeof(hello), uri, length);
	if (send(fd, message, sizeof(hello) + length, MSG_NOSIGNAL) != (ssize_t)(sizeof(hello) + length))
		return err_errno(err, ERR_UNREACHABLE, "could not speak to the sensor");
	return 0;
}

static int receive(int fd, void *out, size_t size, const struct client_wait *wait, struct err *err)
{
	char *cursor = out;

	while (size) {
		int64_t left = left_ns(wait->deadline_ns);
		struct timeval step = { left / NS_PER_S, (left % NS_PER_S) / 1000 };
		ssize_t got;

		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &step, sizeof(step));
		got = recv(fd, cursor, size, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return err_set(err, ERR_UNREACHABLE, "the sensor does not answer within %d ms", wait->ms);
		if (got < 0)
			return err_errno(err, ERR_UNREACHABLE, "could not hear the sensor");
		if (got == 0)
			return err_set(err, ERR_UNREACHABLE, "the sensor hangs up");
		cursor += got;
		size -= (size_t)got;
	}
	return 0;
}

static int install(const struct sock_filter *code, uint16_t count, struct err *err)
{
	struct sock_fprog program = { count, (struct sock_filter *)code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, ERR_FAILED, "could not set no_new_privs");
	/* see filter_install() */
	if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &program) < 0)
		return err_errno(err, ERR_FAILED, "could not install the filter of the sensor");
	return 0;
}

static int obey(int fd, const struct launch_reply *reply, const struct client_wait *wait, struct err *err)
{
	static struct sock_filter code[LAUNCH_FILTER_MAX];
	char reason[LAUNCH_REASON_MAX + 1] = "";

	if (reply->magic != LAUNCH_MAGIC || reply->version < LAUNCH_VERSION_MIN || reply->version > LAUNCH_VERSION)
		return err_set(err, ERR_SYNTAX,
			       "the sensor speaks version %u of the handshake, but must speak %d to %d",
			       reply->version, LAUNCH_VERSION_MIN, LAUNCH_VERSION);
	if (reply->filter_count > LAUNCH_FILTER_MAX || reply->reason_length > LAUNCH_REASON_MAX)
		return err_set(err, ERR_SYNTAX, "the answer of the sensor is too large");
	if (receive(fd, code, reply->filter_count * sizeof(*code), wait, err) < 0 ||
	    receive(fd, reason, reply->reason_length, wait, err) < 0)
		return err->code;
	switch (reply->verdict) {
	case LAUNCH_GO:
		/* none: no_new_privs would be set for nothing, and setuid programs would not work */
		return reply->filter_count ? install(code, reply->filter_count, err) : 0;
	case LAUNCH_INSIDE:
		err_set(err, ERR_FAILED, "the sensor cannot watch this process: %s", reason);
		return CLIENT_INSIDE;
	case LAUNCH_UNFILTERED:
		return err_set(err, ERR_FAILED, "the sensor cannot watch this process: %s", reason);
	default:
		return err_set(err, ERR_DENIED, "the sensor does not allow it: %s", reason);
	}
}

struct client_wait client_wait(int ms)
{
	return (struct client_wait){ time_monotonic_ns() + ms * NS_PER_MS, ms };
}

int client_obey(int fd, const struct client_wait *wait, struct err *err)
{
	struct launch_reply reply;

	return receive(fd, &reply, sizeof(reply), wait, err) < 0 ? err->code : obey(fd, &reply, wait, err);
}

/* In *version; with SPEAKS_EARLIER that is another one afterwards, which the sidecar speaks. */
static int hand_over_in(const char *path, uint16_t *version, const struct client_wait *wait, struct err *err)
{
	AUTO_FD int fd = connect_to(path, wait, err);
	struct launch_reply reply;

	if (fd < 0 || say_hello(fd, *version, err) < 0 || receive(fd, &reply, sizeof(reply), wait, err) < 0)
		return err->code;
	if (reply.magic == LAUNCH_MAGIC && reply.version >= LAUNCH_VERSION_MIN && reply.version < *version) {
		*version = reply.version;
		return SPEAKS_EARLIER;
	}
	return obey(fd, &reply, wait, err);
}

int client_hand_over(const char *path, struct err *err)
{
	const struct client_wait wait = client_wait(LAUNCH_WAIT_MS);
	uint16_t version = LAUNCH_VERSION;
	int code;

	do /* ends: each time the version is a lower one */
		code = hand_over_in(path, &version, &wait, err);
	while (code == SPEAKS_EARLIER);
	return code;
}
