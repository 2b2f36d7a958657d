/*
 * net_event.h: what the watcher of packets reports: connections made and taken, first datagrams, and DNS queries.
 */
#pragma once

#include <sys/types.h>

#include "agent/sensor/net/dns.h"

#define NET_ANSWERS_MAX 8 /* addresses of a DNS answer that travel with the event */

enum net_act {
	NET_CONNECT, /* this side asked for a TCP connection */
	NET_ACCEPT,  /* the other side did, and this one took it */
	NET_SEND,    /* first datagram of two ends, sent by this side */
	NET_RECEIVE, /* the same, sent by the other side */
	NET_QUERY,   /* DNS */
};

/* How the process was found. */
enum net_owner_kind {
	NET_OWNER_UNKNOWN,  /* the socket was closed before anybody could look */
	NET_OWNER_EXACT,    /* it has the socket open */
	NET_OWNER_LISTENER, /* one of several that have the listening socket open */
	NET_OWNER_LIKELY,   /* the only one that has had connections to the same server in the last seconds */
};

struct net_owner {
	enum net_owner_kind kind;
	pid_t pid; /* 0 = not known */
	int fd;	   /* -1 = not known */
	uint32_t uid;
	uint64_t inode;
};

struct net_event {
	enum net_act act;
	int64_t time_ns;	/* since 1970 UTC: of the packet */
	struct net_tuple tuple; /* from: client, to: server */
	bool is_client;		/* this side is the client */
	bool has_result;
	int result; /* CONNECT: 0, -ECONNREFUSED, or -EINPROGRESS: no answer yet; QUERY: the response code */
	struct net_owner owner;
	char name[DNS_NAME_MAX]; /* of the other side, "" if no DNS answer named it; QUERY: what was asked for */
	uint16_t question_type;	 /* QUERY */
	struct dns_answer answers[NET_ANSWERS_MAX];
	size_t answer_count;
};
