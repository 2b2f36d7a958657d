#include "agent/sensor/net/attribution.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "agent/sensor/net/diag.h"
#include "agent/sensor/net/owners.h"
#include "agent/sensor/net/servers.h"
#include "base/time.h"

#define LISTENERS_MAX	   64
#define LISTENER_FRESH_NS  NS_PER_S /* then the kernel is asked again which socket listens */
#define ALIVE_FRESH_NS	   NS_PER_MS
#define LISTENER_SHARED_NS (10 * NS_PER_S) /* and /proc who has it */

struct listener {
	struct net_end end;
	int64_t asked_ns, found_ns; /* 0 = never */
	struct socket_owner owner;  /* inode 0: nobody listens */
	uint32_t uid;
};

struct attribution {
	struct diag *diag;
	struct owners *owners;
	struct listener listeners[LISTENERS_MAX];
	struct servers servers;
	pid_t alive; /* seen so at alive_ns */
	int64_t alive_ns;
	struct diag_query queries[DIAG_BATCH_MAX];
	struct socket_owner sockets[DIAG_BATCH_MAX];
	struct net_owner *targets[DIAG_BATCH_MAX];
	struct net_end others[DIAG_BATCH_MAX]; /* the other end of each target */
};

int attribution_open(struct attribution **ret, struct err *err)
{
	struct attribution *attribution = calloc(1, sizeof(*attribution));

	if (attribution)
		attribution->owners = owners_new();
	if (!attribution || !attribution->owners)
		err_set(err, ERR_MEMORY, "out of memory");
	else if (diag_open(&attribution->diag, err) == 0) {
		*ret = attribution;
		return 0;
	}
	attribution_close(attribution);
	return err->code;
}

void attribution_close(struct attribution *attribution)
{
	if (!attribution)
		return;
	diag_close(attribution->diag);
	owners_free(attribution->owners);
	free(attribution);
}

/* A crowd of connections is mostly of one process. */
static bool is_alive(struct attribution *attribution, pid_t pid, int64_t now_ns)
{
	if (pid == 0 || (pid == attribution->alive && now_ns - attribution->alive_ns < ALIVE_FRESH_NS))
		return true;
	if (kill(pid, 0) < 0 && errno == ESRCH)
		return false;
	attribution->alive = pid;
	attribution->alive_ns = now_ns;
	return true;
}

/* Who listens at the end of tuple. */
static const struct listener *find_listener(struct attribution *attribution, const struct net_tuple *tuple)
{
	const struct net_end *end = &tuple->from;
	struct listener *listener = &attribution->listeners[bytes_hash(end->port, end->ip, IP_SIZE) % LISTENERS_MAX];
	struct diag_query query = { .tuple = *tuple };
	int64_t now_ns = time_monotonic_ns();

	if (memcmp(&listener->end, end, sizeof(*end)) != 0)
		*listener = (struct listener){ .end = *end };
	if (listener->asked_ns && now_ns - listener->asked_ns < LISTENER_FRESH_NS &&
	    is_alive(attribution, listener->owner.pid, now_ns))
		return listener;
	listener->asked_ns = now_ns;
	memset(&query.tuple.to, 0, sizeof(query.tuple.to));
	if (query.tuple.is_v4)
		ip_map_v4((const uint8_t[4]){ 0 }, query.tuple.to.ip);
	diag_ask(attribution->diag, &query, 1);
	listener->uid = query.uid;
	if (query.is_found && query.inode == listener->owner.inode && listener->owner.pid &&
	    now_ns - listener->found_ns < LISTENER_SHARED_NS && is_alive(attribution, listener->owner.pid, now_ns))
		return listener;
	listener->owner = (struct socket_owner){ .inode = query.is_found ? query.inode : 0, .fd = -1 };
	listener->found_ns = now_ns;
	if (listener->owner.inode && !owners_find(attribution->owners, &listener->owner, 1, true))
		listener->asked_ns = 0;
	return listener;
}

static void set_listener(struct net_owner *owner, const struct listener *listener)
{
	owner->uid = listener->uid;
	owner->pid = listener->owner.pid;
	if (owner->pid)
		owner->kind = listener->owner.is_shared ? NET_OWNER_LISTENER : NET_OWNER_EXACT;
}

/* What the kernel and then /proc say about up to DIAG_BATCH_MAX sockets. */
static void find_sockets(struct attribution *attribution, size_t count)
{
	int64_t now_ns = time_monotonic_ns();
	size_t sockets = 0;

	diag_ask(attribution->diag, attribution->queries, count);
	for (size_t i = 0; i < count; i++) {
		const struct diag_query *query = &attribution->queries[i];
		struct net_owner *owner = attribution->targets[i];

		if (!query->is_found || query->is_listener || !query->inode)
			continue;
		owner->uid = query->uid;
		owner->inode = query->inode;
		attribution->targets[sockets] = owner;
		attribution->others[sockets] = query->tuple.to;
		attribution->sockets[sockets++].inode = query->inode;
	}
	owners_find(attribution->owners, attribution->sockets, sockets, false);
	for (size_t i = 0; i < sockets; i++) {
		if (!attribution->sockets[i].pid)
			continue;
		attribution->targets[i]->kind = NET_OWNER_EXACT;
		attribution->targets[i]->pid = attribution->sockets[i].pid;
		attribution->targets[i]->fd = attribution->sockets[i].fd;
		servers_note(&attribution->servers, &attribution->others[i], attribution->sockets[i].pid, now_ns);
	}
}

/* A program that connects again and again, for shorter than a look takes, is found by those of its connections that last longer. */
static void guess(struct attribution *attribution, const struct attribution_request *request)
{
	int64_t now_ns = time_monotonic_ns();
	pid_t pid = servers_find(&attribution->servers, &request->tuple.to, now_ns);

	if (!pid || !is_alive(attribution, pid, now_ns))
		return;
	request->owner->kind = NET_OWNER_LIKELY;
	request->owner->pid = pid;
}

static void add_query(struct attribution *attribution, const struct attribution_request *request, size_t at)
{
	attribution->queries[at].tuple = request->tuple;
	attribution->targets[at] = request->owner;
}

/*
 * Of a crowd of short connections only the newest can still be open, and not for long: it is looked for before and apart from
 * all others. Returns its place, or count.
 */
static size_t find_newest(struct attribution *attribution, const struct attribution_request *requests, size_t count)
{
	for (size_t i = count; i-- > 0;) {
		if (requests[i].is_server)
			continue;
		add_query(attribution, &requests[i], 0);
		find_sockets(attribution, 1);
		return i;
	}
	return count;
}

void attribution_find(struct attribution *attribution, const struct attribution_request *requests, size_t count)
{
	size_t batch = 0, newest = find_newest(attribution, requests, count);

	for (size_t i = 0; i < count; i++) {
		if (i == newest)
			continue;
		if (requests[i].is_server) {
			const struct listener *listener = find_listener(attribution, &requests[i].tuple);

			set_listener(requests[i].owner, listener);
			if (!listener->owner.is_shared)
				continue;
		}
		add_query(attribution, &requests[i], batch++);
		if (batch == DIAG_BATCH_MAX) {
			find_sockets(attribution, batch);
			batch = 0;
		}
	}
	find_sockets(attribution, batch);
	for (size_t i = 0; i < count; i++) {
		if (!requests[i].is_server && !requests[i].owner->pid)
			guess(attribution, &requests[i]);
	}
}
