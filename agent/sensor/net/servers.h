/*
 * servers.h: which process has connected to a server lately, for connections to it that were over before their own process could be
 * found. Not thread-safe.
 */
#pragma once

#include <sys/types.h>

#include "agent/sensor/net/tuple.h"

#define SERVERS_MAX	 256
#define SERVER_RECENT_NS (10 * INT64_C(1000000000))

struct server {
	struct net_end end;
	pid_t pid;
	int64_t seen_ns, other_ns; /* the last time that it was pid, and that it was another one */
};

struct servers {
	struct server servers[SERVERS_MAX];
};

/* pid has a connection to end. */
void servers_note(struct servers *servers, const struct net_end *end, pid_t pid, int64_t now_ns);

/* The only process that has had connections to end lately; 0 if there was none, or more than one. */
pid_t servers_find(const struct servers *servers, const struct net_end *end, int64_t now_ns);
