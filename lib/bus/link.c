#include "bus/link.h"

#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/time.h"
#include "bus/socket.h"
#include "bus/tls.h"

#define BACKOFF_MIN_NS	(50 * NS_PER_MS)
#define BACKOFF_MAX_NS	(5 * NS_PER_S)
#define REPLY_SIZE_MAX	(64u << 10)
#define LOOK_NS		NS_PER_S       /* between two looks whether a connection is still there */
#define END_PATIENCE_NS (2 * NS_PER_S) /* at the end, for an attempt to connect */
#define NNG_REDIAL_MS	(3600 * 1000)  /* nng's own redialing: as good as never */

struct link {
	char *url;
	struct tls *tls;
	struct monitor *monitor;
	nng_socket socket;
	pthread_t thread;
	pthread_cond_t changed; /* what concerns the thread; the monitor is notified of it too */
	nng_pipe pipe;		/* id 0 without a connection */
	nng_dialer dialer;	/* id 0 unless an attempt runs */
	char reason[LINK_REASON_MAX];
	bool stopping;
	bool ended; /* the thread */
};

/* nng's own texts for what it cannot tell better. */
static const struct {
	int code;
	const char *text;
} reasons[] = {
	{ NNG_EAGAIN, "its name could not be resolved" },
	{ NNG_EADDRINVAL, "its name could not be resolved" },
	{ NNG_EPROTO, "what answers there is not a collector" },
	{ NNG_ECONNSHUT, "the connection was closed at once" },
	{ NNG_ETIMEDOUT, "no answer in time" },
};

static const char *reason_text(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++) {
		if (reasons[i].code == code)
			return reasons[i].text;
	}
	return nng_strerror(code);
}

/* With the monitor locked. */
static void tell(struct link *link)
{
	pthread_cond_broadcast(&link->changed);
	monitor_notify(link->monitor);
}

static void pipe_added(nng_pipe pipe, nng_pipe_ev event UNUSED, void *context)
{
	struct link *link = context;

	monitor_lock(link->monitor);
	link->pipe = pipe;
	link->reason[0] = '\0';
	tell(link);
	monitor_unlock(link->monitor);
}

static void pipe_removed(nng_pipe pipe, nng_pipe_ev event UNUSED, void *context)
{
	struct link *link = context;
	char reason[LINK_REASON_MAX] = "";

	if (link->tls)
		tls_reason(link->tls, reason, sizeof(reason));
	monitor_lock(link->monitor);
	if (link->pipe.id == pipe.id) {
		link->pipe.id = 0;
		snprintf(link->reason, sizeof(link->reason), "%s", reason[0] ? reason : "the connection was lost");
	}
	tell(link);
	monitor_unlock(link->monitor);
}

/* Between half and all of span, so that a thousand agents do not come back in the same instant. */
static int64_t with_jitter(int64_t span)
{
	uint32_t random = 0;

	if (random_bytes(&random, sizeof(random), NULL) < 0)
		return span;
	return span / 2 + span / 2 * (random % 1024) / 1024;
}

/* Ends the connection, if it is still this one. nng may fail to say that a dead one is gone; this does not wait for it. */
static void lose(struct link *link, nng_pipe pipe, const char *reason)
{
	bool is_ours;

	monitor_lock(link->monitor);
	is_ours = pipe.id && link->pipe.id == pipe.id;
	if (is_ours) {
		snprintf(link->reason, sizeof(link->reason), "%s", reason);
		link->pipe.id = 0;
	}
	tell(link);
	monitor_unlock(link->monitor);
	if (is_ours)
		nng_pipe_close(pipe);
}

/*
 * Whether the system still has the connection. nng 1.5.2 loses the news of its end when that comes while nobody receives (its layer for TLS
 * then waits for data for ever): of a thousand connections to a collector that was killed, some hundred were believed in until the
 * watchdog ran out. A socket that has ended has no address at its other end any more.
 */
static bool is_alive(nng_pipe pipe)
{
	nng_sockaddr address;
	int result = nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address);

	return result == 0 || result == NNG_ENOTSUP || result == NNG_ENOMEM;
}

static void wait_while_connected(struct link *link)
{
	monitor_lock(link->monitor);
	while (!link->stopping && link->pipe.id) {
		nng_pipe pipe = link->pipe;

		monitor_wait_for(link->monitor, &link->changed, time_monotonic_ns() + LOOK_NS);
		monitor_unlock(link->monitor);
		if (!is_alive(pipe))
			lose(link, pipe, "the connection was lost");
		monitor_lock(link->monitor);
	}
	monitor_unlock(link->monitor);
}

static bool wait_before_retry(struct link *link, int64_t span)
{
	int64_t deadline = time_monotonic_ns() + with_jitter(span);
	bool stopping;

	monitor_lock(link->monitor);
	while (!link->stopping && time_monotonic_ns() < deadline)
		monitor_wait_for(link->monitor, &link->changed, deadline);
	stopping = link->stopping;
	monitor_unlock(link->monitor);
	return !stopping;
}

/* Leaves the dialer where link_close() finds it, to break off an attempt that would take minutes. */
static bool attempt_begin(struct link *link, nng_dialer dialer)
{
	bool stopping;

	monitor_lock(link->monitor);
	stopping = link->stopping;
	if (!stopping)
		link->dialer = dialer;
	monitor_unlock(link->monitor);
	return !stopping;
}

/* Why an attempt failed; TLS knows better than nng where it was asked. */
static void describe_failure(struct link *link, int result, char out[LINK_REASON_MAX])
{
	out[0] = '\0';
	if (link->tls && result)
		tls_reason(link->tls, out, LINK_REASON_MAX);
	if (!out[0])
		snprintf(out, LINK_REASON_MAX, "%s", reason_text(result));
}

/* False if link_close() has taken the dialer to close it itself. */
static bool attempt_end(struct link *link, int result)
{
	char reason[LINK_REASON_MAX];
	bool ours;

	describe_failure(link, result, reason);

	monitor_lock(link->monitor);
	ours = link->dialer.id != 0;
	link->dialer.id = 0;
	if (result)
		strcpy(link->reason, reason);
	monitor_notify(link->monitor);
	monitor_unlock(link->monitor);
	return ours;
}

/* One attempt, and if it succeeds, the life of the connection. */
static bool connect_once(struct link *link)
{
	nng_dialer dialer;
	bool ours = true;
	int result = nng_dialer_create(&dialer, link->socket, link->url);

	if (result) {
		attempt_end(link, result);
		return false;
	}
	nng_dialer_set_ms(dialer, NNG_OPT_RECONNMINT, NNG_REDIAL_MS);
	nng_dialer_set_ms(dialer, NNG_OPT_RECONNMAXT, NNG_REDIAL_MS);
	if (link->tls && tls_use_to_dial(link->tls, dialer, NULL) < 0) {
		nng_dialer_close(dialer);
		attempt_end(link, NNG_ENOMEM);
		return false;
	}
	if (attempt_begin(link, dialer)) {
		result = nng_dialer_start(dialer, 0);
		ours = attempt_end(link, result);
		if (result == 0)
			wait_while_connected(link);
	}
	if (ours)
		nng_dialer_close(dialer);
	return result == 0;
}

static void *link_run(void *context)
{
	struct link *link = context;
	int64_t backoff = BACKOFF_MIN_NS;

	do {
		int64_t start = time_monotonic_ns();

		/* a connection that breaks at once is no better than none */
		if (connect_once(link) && time_monotonic_ns() - start > BACKOFF_MAX_NS)
			backoff = BACKOFF_MIN_NS;
		else
			backoff = backoff * 2 > BACKOFF_MAX_NS ? BACKOFF_MAX_NS : backoff * 2;
	} while (wait_before_retry(link, backoff));
	monitor_lock(link->monitor);
	link->ended = true;
	monitor_notify(link->monitor);
	monitor_unlock(link->monitor);
	return NULL;
}

static int link_prepare(struct link *link, struct err *err)
{
	nng_dialer probe;
	int result = nng_req0_open(&link->socket);

	if (result)
		return err_set(err, ERR_FAILED, "could not open a socket: %s", nng_strerror(result));
	nng_socket_set_size(link->socket, NNG_OPT_RECVMAXSZ, REPLY_SIZE_MAX);
	nng_pipe_notify(link->socket, NNG_PIPE_EV_ADD_POST, pipe_added, link);
	nng_pipe_notify(link->socket, NNG_PIPE_EV_REM_POST, pipe_removed, link);
	result = nng_dialer_create(&probe, link->socket, link->url);
	if (result)
		return err_set(err, ERR_USAGE, "cannot use \"%s\" as the address of the collector: %s", link->url,
			       nng_strerror(result));
	nng_dialer_close(probe);
	if (pthread_create(&link->thread, NULL, link_run, link))
		return err_set(err, ERR_FAILED, "could not start a thread");
	return 0;
}

int link_open(const char *url, struct tls *tls, struct monitor *monitor, struct link **ret, struct err *err)
{
	struct link *link = calloc(1, sizeof(*link));
	int code;

	if (!link || !(link->url = strdup(url))) {
		free(link);
		return err_set(err, ERR_MEMORY, "no memory");
	}
	link->tls = tls;
	link->monitor = monitor;
	monitor_condition_init(&link->changed);
	code = link_prepare(link, err);
	if (code < 0) {
		nng_close(link->socket);
		pthread_cond_destroy(&link->changed);
		free(link->url);
		free(link);
		return code;
	}
	*ret = link;
	return 0;
}

nng_socket link_socket(const struct link *link)
{
	return link->socket;
}

bool link_connected(const struct link *link)
{
	return link->pipe.id != 0;
}

const char *link_reason(const struct link *link)
{
	return link->reason;
}

void link_restart(struct link *link)
{
	nng_pipe pipe;

	monitor_lock(link->monitor);
	pipe = link->pipe;
	monitor_unlock(link->monitor);
	lose(link, pipe, "it did not answer in time");
}

/* Lets an attempt end by itself: nng 1.5.2 can hang or abort when one is broken off just as it begins. */
static void wait_for_end(struct link *link)
{
	int64_t deadline = time_monotonic_ns() + END_PATIENCE_NS;
	nng_dialer dialer;

	monitor_lock(link->monitor);
	link->stopping = true;
	tell(link);
	while (!link->ended && time_monotonic_ns() < deadline)
		monitor_wait(link->monitor, deadline);
	dialer = link->dialer;
	link->dialer.id = 0;
	monitor_unlock(link->monitor);
	if (dialer.id)
		nng_dialer_close(dialer);
}

void link_close(struct link *link)
{
	if (!link)
		return;
	wait_for_end(link);
	/* nor may a socket be closed at the same time as its dialer */
	pthread_join(link->thread, NULL);
	nng_pipe_notify(link->socket, NNG_PIPE_EV_ADD_POST, NULL, NULL);
	nng_pipe_notify(link->socket, NNG_PIPE_EV_REM_POST, NULL, NULL);
	socket_close(link->socket);
	pthread_cond_destroy(&link->changed);
	free(link->url);
	free(link);
}
