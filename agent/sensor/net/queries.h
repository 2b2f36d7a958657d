/*
 * queries.h: DNS queries that wait for their answer. Only an answer to one of them is believed: same ends, number, name and type.
 */
#pragma once

#include "agent/sensor/net/net_event.h"

#define QUERIES_MAX   256
#define QUERY_WAIT_NS (5 * INT64_C(1000000000)) /* as long as resolvers wait */

struct query {
	bool is_used, is_new; /* is_new: its owner has not been looked for */
	uint16_t id;
	struct net_event event;
};

struct queries;

struct queries *queries_new(void);
void queries_free(struct queries *queries); /* accepts NULL */

/* Takes a query in; one that is sent again changes nothing. evicted: as in attempts.h. */
void queries_ask(struct queries *queries, const struct net_tuple *tuple, const struct dns_message *message,
		 int64_t time_ns, void (*evicted)(void *context, struct query *query), void *context);

/* The query that message answers, with the answer filled in; NULL if nobody asked. The caller sets is_used to false. */
struct query *queries_answer(struct queries *queries, const struct net_tuple *tuple,
			     const struct dns_message *message);

/* Calls visit for each that waits. */
void queries_each(struct queries *queries, void (*visit)(void *context, struct query *query), void *context);
