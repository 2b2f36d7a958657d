/*
 * netwatch.h: the watcher of packets: connections, first datagrams and DNS queries of the caller's network namespace, without
 * stopping a process.
 *
 * A thread gathers packets for a few milliseconds at a time, asks who their sockets belong to, and queues events; another one takes
 * them. An idle watcher wakes for the first packet at once, so that a short connection is still open when its owner is looked for;
 * in a crowd the owners of those that were over sooner stay unknown, and are counted.
 */
#pragma once

#include "agent/sensor/net/net_event.h"
#include "base/err.h"

#define NETWATCH_QUEUE_MAX 1024
#define NETWATCH_BATCH_NS  (5 * INT64_C(1000000))

struct netwatch_conf {
	int64_t batch_ns; /* 0 = NETWATCH_BATCH_NS */
	/* Called by the watcher's thread when events wait; may be NULL. */
	void (*wake)(void *context);
	void *context;
};

struct netwatch_stats {
	uint64_t packets, events;
	uint64_t lost;	  /* packets that the kernel had no room for, and events that the queue had none for */
	uint64_t unowned; /* events whose process is not known */
};

struct netwatch;

/* Errors: ERR_DENIED without CAP_NET_RAW, ERR_FAILED. Call it with the signals blocked that other threads wait for. */
int netwatch_open(const struct netwatch_conf *conf, struct netwatch **ret, struct err *err);
/* Looks a last time and ends the thread; what has no answer yet is told without one. Events may still be taken. */
void netwatch_stop(struct netwatch *netwatch);
void netwatch_close(struct netwatch *netwatch); /* accepts NULL */

/* The next event, in order of outcome; false if none waits. By one thread only. */
bool netwatch_take(struct netwatch *netwatch, struct net_event *ret);

void netwatch_stats(struct netwatch *netwatch, struct netwatch_stats *ret);
