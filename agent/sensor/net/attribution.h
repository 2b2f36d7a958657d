/*
 * attribution.h: whose the local end of a connection is.
 *
 * The kernel is asked for the socket (diag.h) and /proc for who has it open (owners.h). The server's end of a connection is the
 * listener's, and is known even when the connection is long over; the client's end is known only while its socket is open.
 */
#pragma once

#include "agent/sensor/net/net_event.h"
#include "base/err.h"

struct attribution_request {
	struct net_tuple tuple;	 /* from: this end, to: the other one */
	bool is_server;		 /* this end is the server of a TCP connection */
	struct net_owner *owner; /* filled in */
};

struct attribution;

int attribution_open(struct attribution **ret, struct err *err);
void attribution_close(struct attribution *attribution); /* accepts NULL */

void attribution_find(struct attribution *attribution, const struct attribution_request *requests, size_t count);
