#include "bus/peers.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/attr.h"
#include "base/time.h"
#include "bus/monitor.h"
#include "bus/receiver.h"
#include "bus/tls.h"
#include "model/tenant.h"

#define ENROLLING_NS (30 * NS_PER_S) /* a connection without a certificate is closed after so long */
#define GROW	     64

struct connection {
	nng_pipe pipe;
	int64_t since_ns; /* monotonic */
	struct peer peer;
};

struct peers {
	struct tls *tls;
	struct monitor monitor; /* guards: all below */
	struct connection *list;
	size_t count, capacity;
	size_t enrolling;
	uint64_t came;
};

struct peers *peers_new(struct tls *tls)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (!peers)
		return NULL;
	peers->tls = tls;
	monitor_init(&peers->monitor);
	return peers;
}

void peers_free(struct peers *peers)
{
	if (!peers)
		return;
	free(peers->list);
	monitor_fini(&peers->monitor);
	free(peers);
}

static void describe_address(nng_pipe pipe, char out[PEER_ADDRESS_MAX])
{
	char text[INET6_ADDRSTRLEN] = "?";
	nng_sockaddr address;

	if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &address)) {
		snprintf(out, PEER_ADDRESS_MAX, "unknown");
	} else if (address.s_family == NNG_AF_INET) {
		inet_ntop(AF_INET, &address.s_in.sa_addr, text, sizeof(text));
		snprintf(out, PEER_ADDRESS_MAX, "%s:%u", text, ntohs(address.s_in.sa_port));
	} else if (address.s_family == NNG_AF_INET6) {
		inet_ntop(AF_INET6, address.s_in6.sa_addr, text, sizeof(text));
		snprintf(out, PEER_ADDRESS_MAX, "[%s]:%u", text, ntohs(address.s_in6.sa_port));
	} else {
		snprintf(out, PEER_ADDRESS_MAX, "local");
	}
}

bool peers_identify(const struct peers *peers, nng_pipe pipe, struct peer *ret)
{
	uint64_t pid, uid;

	if (peers->tls) {
		if (!tls_peer(pipe, ret))
			return false;
	} else {
		*ret = (struct peer){ .tenant = TENANT_LOCAL };
	}
	if (nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_PID, &pid) == 0 &&
	    nng_pipe_get_uint64(pipe, NNG_OPT_IPC_PEER_UID, &uid) == 0)
		snprintf(ret->address, PEER_ADDRESS_MAX, "pid %llu, uid %llu", (unsigned long long)pid,
			 (unsigned long long)uid);
	else
		describe_address(pipe, ret->address);
	return true;
}

/* With the lock held. */
static bool add(struct peers *peers, const struct connection *connection)
{
	if (peers->count >= RECEIVER_PEERS_MAX ||
	    (connection->peer.is_enrolling && peers->enrolling >= RECEIVER_ENROLLING_MAX))
		return false;
	if (peers->count == peers->capacity) {
		size_t capacity = peers->capacity + peers->capacity / 2 + GROW;
		void *list = realloc(peers->list, capacity * sizeof(*peers->list));

		if (!list)
			return false;
		peers->list = list;
		peers->capacity = capacity;
	}
	peers->list[peers->count++] = *connection;
	peers->enrolling += connection->peer.is_enrolling;
	return true;
}

static void pipe_added(nng_pipe pipe, nng_pipe_ev event UNUSED, void *context)
{
	struct connection connection = { .pipe = pipe, .since_ns = time_monotonic_ns() };
	struct peers *peers = context;
	bool taken = false;

	monitor_lock(&peers->monitor);
	peers->came++;
	monitor_notify(&peers->monitor);
	monitor_unlock(&peers->monitor);
	if (peers_identify(peers, pipe, &connection.peer)) {
		monitor_lock(&peers->monitor);
		taken = add(peers, &connection);
		monitor_unlock(&peers->monitor);
	}
	if (!taken)
		nng_pipe_close(pipe);
}

static void pipe_removed(nng_pipe pipe, nng_pipe_ev event UNUSED, void *context)
{
	struct peers *peers = context;

	monitor_lock(&peers->monitor);
	for (size_t i = 0; i < peers->count; i++) {
		if (peers->list[i].pipe.id != pipe.id)
			continue;
		peers->enrolling -= peers->list[i].peer.is_enrolling;
		peers->list[i] = peers->list[--peers->count];
		break;
	}
	monitor_unlock(&peers->monitor);
}

void peers_watch(struct peers *peers, nng_socket socket)
{
	nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, pipe_added, peers);
	nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, pipe_removed, peers);
}

void peers_unwatch(nng_socket socket)
{
	nng_pipe_notify(socket, NNG_PIPE_EV_ADD_PRE, NULL, NULL);
	nng_pipe_notify(socket, NNG_PIPE_EV_REM_POST, NULL, NULL);
}

void peers_sweep(struct peers *peers)
{
	int64_t now = time_monotonic_ns();
	nng_pipe *closing;
	size_t count = 0;

	if (!peers->tls)
		return;
	monitor_lock(&peers->monitor);
	closing = calloc(peers->count + 1, sizeof(*closing));
	for (size_t i = 0; closing && i < peers->count; i++) {
		const struct connection *connection = &peers->list[i];

		if (connection->peer.is_enrolling ? now - connection->since_ns > ENROLLING_NS
						  : tls_refused(peers->tls, &connection->peer))
			closing[count++] = connection->pipe;
	}
	monitor_unlock(&peers->monitor);
	/* not with the lock held: it may call pipe_removed() at once */
	for (size_t i = 0; i < count; i++)
		nng_pipe_close(closing[i]);
	free(closing);
}

size_t peers_count(struct peers *peers)
{
	size_t count;

	monitor_lock(&peers->monitor);
	count = peers->count;
	monitor_unlock(&peers->monitor);
	return count;
}

uint64_t peers_came(struct peers *peers)
{
	uint64_t came;

	monitor_lock(&peers->monitor);
	came = peers->came;
	monitor_unlock(&peers->monitor);
	return came;
}

bool peers_wait(struct peers *peers, uint64_t before, int64_t deadline_ns)
{
	bool came;

	monitor_lock(&peers->monitor);
	while (peers->came == before && time_monotonic_ns() < deadline_ns)
		monitor_wait(&peers->monitor, deadline_ns);
	came = peers->came != before;
	monitor_unlock(&peers->monitor);
	return came;
}
