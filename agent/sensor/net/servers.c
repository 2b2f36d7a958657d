#include "agent/sensor/net/servers.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

static size_t slot_of(const struct net_end *end)
{
	return bytes_hash(end->port, end->ip, IP_SIZE) % SERVERS_MAX;
}

void servers_note(struct servers *servers, const struct net_end *end, pid_t pid, int64_t now_ns)
{
	struct server *server = &servers->servers[slot_of(end)];

	if (memcmp(&server->end, end, sizeof(*end)) != 0)
		*server = (struct server){ .end = *end };
	/* one that has ended makes no connections any more */
	if (server->pid && server->pid != pid && (kill(server->pid, 0) == 0 || errno != ESRCH))
		server->other_ns = server->seen_ns;
	server->pid = pid;
	server->seen_ns = now_ns;
}

pid_t servers_find(const struct servers *servers, const struct net_end *end, int64_t now_ns)
{
	const struct server *server = &servers->servers[slot_of(end)];

	if (memcmp(&server->end, end, sizeof(*end)) != 0 || now_ns - server->seen_ns > SERVER_RECENT_NS ||
	    (server->other_ns && now_ns - server->other_ns <= SERVER_RECENT_NS))
		return 0;
	return server->pid;
}
